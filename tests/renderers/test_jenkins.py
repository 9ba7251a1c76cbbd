"""The project's own rules for Jenkins refuse what Jenkins' schema refuses."""

from __future__ import annotations

import pytest
from lxml import etree

from . import jenkins


def suites(inside: str, time: str = "0.000") -> str:
    return f'<testsuites time="{time}">{inside}</testsuites>'


def suite(inside: str, more: str = "") -> str:
    return suites(f'<testsuite name="s" tests="1" failures="0" errors="0" time="0.000" {more}>{inside}</testsuite>')


WRONG = {
    "another root": "<tests/>",
    "a suite without tests": suites('<testsuite name="s" failures="0" errors="0" time="0"/>'),
    "an attribute of junit-xml's": suite("", 'disabled="0"'),
    "six decimals": suites("", "0.000000"),
    "a case without a name": suite('<testcase classname="c"/>'),
    "a case with assertions": suite('<testcase name="c" assertions="1"/>'),
    "properties of a case": suite('<testcase name="c"><properties/></testcase>'),
    "a property without a value": suite('<properties><property name="p"/></properties>'),
    "text in a suite": suite("text"),
    "text behind a case": suite('<testcase name="c"/>text'),
    "a failure of no kind": suite('<testcase name="c"><fail/></testcase>'),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused(name: str) -> None:
    assert jenkins.mistakes(etree.fromstring(WRONG[name]))


@pytest.mark.parametrize("name", WRONG)
def test_jenkins_own_schema_refuses_it_too(name: str) -> None:
    assert not jenkins.schema().validate(etree.fromstring(WRONG[name]))
