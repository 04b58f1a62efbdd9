"""baton reconcile, where an account carries no employee number any more."""

import pytest

pytestmark = pytest.mark.filterwarnings("error")


def test_a_number_that_was_emptied_is_for_a_person_and_no_run_is_said_to_repair_it(company):
    company.ok("keys", "init")
    company.ok("run", "sync", "--as", "hr1")
    company.ok("reconcile")
    company.crm.user("0005")["EmployeeNumber"] = None
    said = company.baton("reconcile")
    assert said.code == 1
    assert "number_gone" in said.out
    assert "put 0005 back into it" in said.out
    assert "1 accounts carry no employee number any more" in said.out
    assert "the repairs are planned" not in said.out
    assert "1 个账号已没有工号" in company.baton("--lang", "zh", "reconcile").out
