"""Who is there: sign-on by OpenID Connect, its sessions, and the proof asked for at a signature."""
