from tests.hub.offboarding.finished import finish
from baton.hub.offboarding.certificate import issue, verify
from baton.hub import proof
import time, pathlib

def test_it(desk, tmp_path):
    d = desk()
    case = finish(d, 40)
    for lang in ("zh","en","ja","ko"):
        t=time.time()
        c = issue(d.hub, case.id, "hr-wang", lang)
        print(time.time()-t, len(c.pdf), len(c.manifest))
        pathlib.Path(f"/tmp/fonts/c-{lang}.pdf").write_bytes(c.pdf)
        v = verify(c.pdf, proof.signer(d.hub).verifier)
        assert v.holds
