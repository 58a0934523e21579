"""The names of all metrics that the code has."""

from shared import telemetry


def metric_names():
    """Return them; an instrument has its name in one place with the SDK, in another without."""
    return {
        getattr(one, "name", None) or one._name
        for name, one in vars(telemetry).items()
        if name.isupper() and name != "METER"
    }
