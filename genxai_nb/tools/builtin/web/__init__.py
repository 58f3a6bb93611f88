"""The web: pages, requests, sessions, addresses."""

from .addresses import url_validator
from .pages import html_parser, web_scraper
from .requests import api_caller, http_client

__all__ = ["api_caller", "html_parser", "http_client", "url_validator", "web_scraper"]
