"""What the embedded Postgres refuses with."""


class EmbeddedError(Exception):
    """The embedded Postgres can't be used; the message is one sentence that says what to do."""
