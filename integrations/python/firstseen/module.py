"""What both shapes of the module have in common: calls that take and give the records of
the WIT, as dicts with their names."""


class ModuleError(Exception):
    """A call did nothing. The module is as good as before."""


class InvalidError(ModuleError):
    """What it was given is wrong; the text says how. A batch under way is given up."""


class NotConfiguredError(ModuleError):
    """No rule is loaded."""


class TrappedError(Exception):
    """The module failed, or took more than it may. Make another one."""
