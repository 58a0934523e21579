"""Which settings the code reads."""

from shared.config.settings import Settings
from shared.domain.errors import ConfigError
from shared.formats import ARCHIVED


class Recording(dict):
    """An environment that notes what is asked of it."""

    def __init__(self, values=()):
        super().__init__(values)
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


def names_read():
    env = Recording()
    try:
        Settings.from_env(env, known_formats=ARCHIVED)
    except ConfigError:
        return env.asked
    raise AssertionError("an empty environment cannot be enough")
