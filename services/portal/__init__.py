"""The portal: the pages of the platform. It owns nothing: what it shows comes from the public APIs."""
