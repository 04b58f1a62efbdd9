"""A personal link that goes to the person it is for, and to nobody else: whoever asks for it never sees it.

A link speaks as its person. HR, who may not accept for somebody else, must not hold somebody else's; so one that is
asked for over the network is sent by the first notifier that carries a whole letter.
"""

from __future__ import annotations

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.links import Offer, link_within, require_address
from baton.hub.offboarding.moving import save_moves, send_messages
from baton.hub.offboarding.of_erased import for_a_message
from baton.hub.offboarding.reaching import reach
from baton.hub.offboarding.telling import message_to
from baton.jobs.offboarding.notices import link_notice
from baton.model.handover import MessageForm


def send_link(hub: Hub, offer: Offer) -> str:
    """Make a link and send it; the name of the system it goes through.

    Raises as `links.make_link`, and `ApprovalError` (``unreachable``) where no notifier takes a letter to that person.
    """
    require_address(hub)
    found = find_case(hub, offer.case_id)
    ways = reach(hub, [offer.person], {MessageForm.LETTER})
    way = ways.of.get(offer.person)
    if way is None:
        raise ApprovalError(
            f"no notifier takes a letter to {offer.person[:40]}{ways.passed_over}",
            code="unreachable",
            remedy="see offboarding.notifiers; at the hub: baton offboard link",
        )
    with hub.database.write() as connection:
        case = locked(hub, connection, found.id)
        address = link_within(hub, connection, case, offer)
        entity = f"link/{case.id}/{offer.person}/{offer.role}"
        hub.effects.supersede(connection, JOB, way.system, [entity], why="said_anew")
        message = message_to(hub, entity, way, link_notice(for_a_message(hub, connection, case)), address)
        save_moves(hub, connection, case, [], [(message, {})])
    send_messages(hub, [way.system])
    return way.system
