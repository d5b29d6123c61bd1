"""JSON in, JSON out: sign-in, permission, one decision or one query for each route."""
