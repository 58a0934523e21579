"""Raw ids, and the kinds that their prefixes tell, as the service's own SDK has them."""

import pytest
from azure.communication.chat import (
    CommunicationIdentifierKind,
    identifier_from_raw_id,
)

from shared.domain.identity import KINDS, is_own_user, kind_of, raw_id

USER = "109f0644-b956-4cd9-87b1-71024f6e2f44_00000018"
SDK_KINDS = {
    "acs_user": CommunicationIdentifierKind.COMMUNICATION_USER,
    "teams_user": CommunicationIdentifierKind.MICROSOFT_TEAMS_USER,
    "teams_visitor": CommunicationIdentifierKind.MICROSOFT_TEAMS_USER,
    "phone": CommunicationIdentifierKind.PHONE_NUMBER,
}


@pytest.mark.parametrize("prefix", [prefix for prefix in KINDS if prefix != "28:"])
def test_a_prefix_is_of_the_kind_that_the_sdk_has_it_for(prefix):
    kind = kind_of(f"{prefix}{USER}")

    assert identifier_from_raw_id(f"{prefix}{USER}").kind == SDK_KINDS[kind]


@pytest.mark.parametrize(
    ("id", "kind"),
    [
        ("28:orgid:x", "bot"),
        ("28:x", "bot"),
        ("8:acs:resource_tenant_user", "teams_extension_user"),
        ("8:acs:resource_user", "acs_user"),
        ("8:unheard-of:x", ""),
        ("", ""),
    ],
)
def test_the_kind_of_a_raw_id(id, kind):
    assert kind_of(id) == kind


@pytest.mark.parametrize(
    ("identifier", "raw"),
    [
        ({"rawId": "8:acs:x", "communicationUser": {"id": "8:acs:y"}}, "8:acs:x"),
        ({"communicationUser": {"id": "8:acs:y"}}, "8:acs:y"),
        ({"rawId": "", "communicationUser": {"id": "8:acs:y"}}, "8:acs:y"),
        ({"phoneNumber": {"value": "+15550100"}}, "4:+15550100"),
        ({"microsoftTeamsUser": {"userId": "u"}}, "8:orgid:u"),
        ({"microsoftTeamsUser": {"userId": "u", "cloud": "public"}}, "8:orgid:u"),
        ({"microsoftTeamsUser": {"userId": "u", "cloud": "GCCH"}}, "8:gcch:u"),
        ({"microsoftTeamsUser": {"userId": "u", "cloud": "dod"}}, "8:dod:u"),
        (
            {"microsoftTeamsUser": {"userId": "u", "isAnonymous": True}},
            "8:teamsvisitor:u",
        ),
        ({"microsoftTeamsApp": {"appId": "a"}}, "28:orgid:a"),
        ({"microsoftTeamsApp": {"appId": "a", "cloud": "gcch"}}, "28:gcch:a"),
        (
            {
                "teamsExtensionUser": {
                    "resourceId": "r",
                    "tenantId": "t",
                    "userId": "u",
                    "cloud": "gcch",
                }
            },
            "8:gcch-acs:r_t_u",
        ),
        ({"teamsExtensionUser": {"resourceId": "r", "tenantId": "t"}}, ""),
        ({"communicationUser": "8:acs:y"}, ""),
        ({"rawId": 5}, ""),
        ({}, ""),
        (None, ""),
        ("8:acs:x", ""),
    ],
)
def test_a_raw_id_is_told_or_follows_from_the_typed_identifier(identifier, raw):
    assert raw_id(identifier) == raw


def test_own_users_are_those_of_a_resource_in_any_cloud():
    own = [prefix for prefix in KINDS if is_own_user(f"{prefix}x")]

    assert own == ["8:acs:", "8:gcch-acs:", "8:dod-acs:"]
