# The command chat-archive and nothing else: docker build --tag chat-archive .
FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY pyproject.toml MANIFEST.in README.md LICENSE ./
COPY shared ./shared
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel ./ \
 && python -m venv /opt/chat-archive \
 && /opt/chat-archive/bin/pip install --no-cache-dir /wheel/*.whl \
 && /opt/chat-archive/bin/pip uninstall --yes pip

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="chat-archive" \
      org.opencontainers.image.description="Reads, checks and exports archives of ACS chat threads" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin chat-archive
COPY --from=build /opt/chat-archive /opt/chat-archive
# LOGNAME: who an order is by, where --by does not say so and the user is one of the host.
ENV PATH=/opt/chat-archive/bin:$PATH \
    LOGNAME=chat-archive \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUTF8=1
USER 10001
WORKDIR /work
ENTRYPOINT ["chat-archive"]
CMD ["--help"]
