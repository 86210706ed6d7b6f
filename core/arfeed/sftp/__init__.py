"""One safe SFTP connection: addresses, keys, host keys, for sources and delivery alike."""
