"""How the grant is chosen, row by row."""

import pytest

from kubelogin_py.settings import GrantType
from tests.cli.calls import Application, call
from tests.compat.test_contract_parsing import MANDATORY, asked

CHOICES = {
    "1.7 auto without a username": (["--grant-type=auto"], GrantType.AUTHCODE),
    "1.7 auto with a username": (["--grant-type=auto", "--username=U"], GrantType.PASSWORD),
    **{
        f"1.7 {grant} {'with' if user else 'without'} a username": (
            [f"--grant-type={grant}", *(["--username=U"] if user else [])],
            grant,
        )
        for grant in GrantType
        for user in (False, True)
        if grant is not GrantType.AUTO
    },
}


@pytest.mark.parametrize(("words", "grant"), CHOICES.values(), ids=CHOICES)
def test_choice_of_grant(words: list[str], grant: GrantType) -> None:
    assert asked(*MANDATORY, *words).login.chosen_grant is grant


SURROUNDINGS = {
    "1.7 auto looks at no display": {"DISPLAY": "", "WAYLAND_DISPLAY": ""},
    "1.7 auto looks at no SSH": {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "SSH_TTY": "/dev/pts/0"},
    "1.7 auto looks at no terminal": {
        "KUBERNETES_EXEC_INFO": '{"apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}'
    },
}


@pytest.mark.parametrize("environment", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_choice_of_grant_without_a_look_around(environment: dict[str, str]) -> None:
    application = Application()
    assert call(*MANDATORY, application=application, environment=environment).code == 0
    assert application.asked[0][0].login.chosen_grant is GrantType.AUTHCODE
