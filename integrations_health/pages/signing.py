"""Sign people in and out."""

import math
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from integrations_health import sign_in_tries

REFUSED = "This name and password do not belong together. Both care about capital letters."
TOO_MANY = "Too many tries. Wait {} min, then try again; until then no password is looked at."


class SignInForm(AuthenticationForm):
    """Asks for a username, or the application's id of the person, and the password."""

    error_messages = AuthenticationForm.error_messages | {"invalid_login": REFUSED}
    # How long to wait, after too many tries.
    wait: timedelta | None = None

    def __init__(self, request: HttpRequest | None = None, *args: object, **kwargs: object) -> None:
        """Describe the fields for those who hear them."""
        super().__init__(request, *args, **kwargs)
        # Ids of the application are longer than usernames.
        self.fields["username"].max_length = 255  # type: ignore[attr-defined]  # a CharField
        name = {"maxlength": 255, "aria-describedby": "username-hint", "spellcheck": "false"}
        self.fields["username"].widget.attrs.update(name)
        if self.is_bound and self.errors:
            for field in self.fields.values():
                field.widget.attrs.update({"aria-invalid": "true", "aria-errormessage": "problem"})

    def clean(self) -> dict[str, Any]:
        """Look at the password, unless there were too many tries."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return super().clean()
        address = (self.request.META.get("REMOTE_ADDR") if self.request else "") or ""
        self.wait = sign_in_tries.take(name, address)
        if self.wait is not None:
            raise ValidationError(TOO_MANY.format(sign_in_tries.minutes(self.wait)), "too_many")
        cleaned = super().clean()
        sign_in_tries.forgive(name, address)
        return cleaned


class SignIn(LoginView):
    """The page on which people sign in; who is signed in already goes on."""

    template_name = "pages/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    http_method_names = ("get", "head", "post")

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the page again, and say to programs, too, when it was tried too often."""
        answer = super().form_invalid(form)
        if isinstance(form, SignInForm) and form.wait is not None:
            answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
            answer["Retry-After"] = str(math.ceil(form.wait.total_seconds()))
        return answer


class SignOut(LogoutView):
    """Ends the session; by POST only."""

    http_method_names = ("post",)
