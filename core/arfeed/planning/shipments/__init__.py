"""A shipment staged on this machine: tables written and proven, archives packed, the order checked."""
