"""What goes wrong when a backend is asked for."""


class DeviceUnavailableError(RuntimeError):
    """A device was asked for and can't be had; the message says why and what to do."""


class UnknownBackendError(DeviceUnavailableError, ValueError):
    """No library, or no device, has the name that was asked for."""
