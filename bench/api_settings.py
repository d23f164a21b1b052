"""The product's settings, with the bare views beside the product's own addresses."""

from config.settings import *  # noqa: F403 - all of them, and one that differs

ROOT_URLCONF = "bench.api_urls"
