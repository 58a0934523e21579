"""Options of the long tests, which only `make long` runs."""

import os


def pytest_addoption(parser):
    parser.addoption(
        "--seeds",
        type=int,
        default=int(os.environ.get("LONG_SEEDS", "1")),
        help="how many seeds the runs with chance in them take; one takes minutes",
    )


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        seeds = range(1, metafunc.config.getoption("seeds") + 1)
        metafunc.parametrize("seed", seeds)
