"""Personal links on the command line."""

from tests.cli.conftest import person


def test_made_once_listed_and_ended(company):
    company.ok("keys", "init")
    company.feed([person(n) for n in range(1, 9)])
    company.ok("run", "sync", "--as", "hr1")
    company.ok("offboard", "open", "0005", "--as", "hr-wang")
    refused = company.baton("offboard", "link", "0005", "--for", "0007", "--role", "successor")
    assert (refused.code, "offboarding.address" in refused.err) == (2, True)
    company.edit("systems:\n", 'offboarding: {address: "https://hub.example/baton"}\nsystems:\n')
    made = company.ok("offboard", "link", "0005", "--for", "0007", "--role", "successor", "--json").json["link"]
    assert made.startswith("https://hub.example/baton/handover/")
    assert company.baton("offboard", "link", "0005", "--for", "0007", "--role", "leaver").code == 2
    listed = company.ok("offboard", "links", "0005", "--json")
    assert [(link["person"], link["role"]) for link in listed.json] == [("0007", "successor")]
    assert made.rpartition("/")[2] not in listed.out
    assert company.ok("offboard", "unlink", "0005", "--for", "0007", "--json").json == {"ended": 1}
    assert company.ok("offboard", "unlink", "0005", "--json").json == {"ended": 0}
