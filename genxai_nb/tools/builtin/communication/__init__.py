"""Messages to people and programs. Addresses and keys of services come from named connections."""

from .mail import email_sender
from .notification import notification_manager
from .slack import slack_notifier
from .sms import sms_sender
from .webhook import webhook_caller

__all__ = ["email_sender", "notification_manager", "slack_notifier", "sms_sender", "webhook_caller"]
