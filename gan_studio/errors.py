"""The one exception whose message is written for the person using the program."""


class StudioError(ValueError):
    """A request that cannot be carried out; the message says what is wrong and what to do."""
