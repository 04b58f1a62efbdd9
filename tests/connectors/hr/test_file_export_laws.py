"""The roster file keeps the laws of sources in every form an HR system writes it."""

from functools import partial

import pytest

from baton.kit.bench import Bench
from baton.kit.run import Law, Verdict, laws_for, try_law
from connectors.hr.file_export.connector import FileExport
from connectors.hr.file_export.simulator import Simulator


@pytest.mark.parametrize("form", Simulator.FORMS)
@pytest.mark.parametrize("law", laws_for(FileExport), ids=lambda law: law.__name__)
def test_law(law: Law, form: str) -> None:
    result = try_law(law, FileExport, partial(Simulator, form))
    if result.verdict is Verdict.NOT_APPLICABLE:
        pytest.skip(result.detail)
    assert result.verdict is Verdict.OK, result.detail


@pytest.mark.parametrize("form", Simulator.FORMS)
def test_the_check_reads_what_the_hr_system_wrote(form: str) -> None:
    bench = Bench(FileExport, partial(Simulator, form))
    assert [finding.ok for finding in bench.connector.check()] == [False]
    bench.counterpart.seed([bench.counterpart.sample(n) for n in range(1, 8)])
    assert [finding.ok for finding in bench.connector.check()] == [True, True]
    bench.close()


def test_the_directory_goes_with_the_simulator() -> None:
    simulator = Simulator()
    directory = simulator.directory
    assert directory.is_dir()
    del simulator
    assert not directory.exists()
