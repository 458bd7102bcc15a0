"""Tells people by mail what happens to their login; a mail server that is slow or away delays no page."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _

from chakka.portal.accounts.entering import WRONG_ENTRIES
from chakka.portal.accounts.login_id import shown_login_id
from chakka.portal.accounts.models import User

log = logging.getLogger(__name__)

# One after the other: the order of mails is that of what they tell.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def tell_of_wrong_entry(user: User, address: str) -> "Future[None]":
    """Tell a person of a wrong entry, or that it locked the login."""
    with translation.override("ja"):
        facts = {
            "login": shown_login_id(user.login_id),
            "count": user.wrong_entries,
            "of": WRONG_ENTRIES,
            "address": address,
        }
        if user.is_locked:
            subject = _("Your login was locked")
            text = _(
                "Login %(login)s: %(count)d wrong passwords in a row, the last from %(address)s. It is "
                "locked; calls go on as before. To have it released, send the unlock request of the login "
                "page."
            )
        else:
            subject = _("A wrong password was entered")
            text = _(
                "Login %(login)s: wrong password from %(address)s, %(count)d of %(of)d that lock it. "
                "If it was not you, tell us."
            )
        return _sender.submit(_send, str(subject), str(text) % facts, user.email)


def _send(subject: str, text: str, to: str) -> None:
    try:
        send_mail(subject, text, None, [to])
    except OSError as fault:
        log.error("mail to a subscriber was not sent: %s", fault)
