"""Sign people in and out."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest

REFUSED = "This name and password do not belong together. Both care about capital letters."


class SignInForm(AuthenticationForm):
    """Asks for a username, or the application's id of the person, and the password."""

    error_messages = AuthenticationForm.error_messages | {"invalid_login": REFUSED}

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


class SignIn(LoginView):
    """The page on which people sign in; who is signed in already goes on."""

    template_name = "pages/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    http_method_names = ("get", "head", "post")


class SignOut(LogoutView):
    """Ends the session; by POST only."""

    http_method_names = ("post",)
