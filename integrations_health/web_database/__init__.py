"""Django's PostgreSQL for `web`: whoever asks hears soon that nobody answers."""
