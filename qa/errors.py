"""Every error of the project: one root, few children.

Conventions: a message says what was wrong and what to do about it, names the file or the key, and fits one
line, because it is shown to the user as it is. It never holds anything that was said in a call.
"""


class QaError(Exception):
    """The root: catch this to show one clear line and go on with the next call."""


class InputError(QaError):
    """A file that can't be used: missing, empty, truncated, of another kind than it claims."""


class AudioError(InputError):
    """A recording that can't be decoded or holds nothing to hear."""


class TranscriptError(InputError):
    """A transcript that can't be read or does not say who spoke."""


class ModelError(QaError):
    """A model that is missing, damaged or of the wrong version."""


class SettingsError(QaError):
    """A setting, card or form that is wrong; the message gives file and line."""


class StoreError(QaError):
    """The database can't be read or written."""


class NotAllowed(QaError):  # noqa: N818  (reads as what it says)
    """The principal who asks has no right to it; worded as if the thing did not exist."""
