"""Connectors that change rights, end sessions or send messages wrongly in just one way each."""

import dataclasses
import html
import re

from baton.sdk import Outcome, Receipt, RejectedError
from tests.kit.breakers_of_handovers import breaks
from tests.kit.estate_hub import EstateHub

# --- rights


@breaks("every_right_of_a_person_is_told_once")
class TellsOnePageOfRights(EstateHub):
    def pages(self, path, body, of):
        yield next(super().pages(path, body, of))


@breaks("every_right_of_a_person_is_told_once")
class TellsEveryRightTwice(EstateHub):
    def grants(self, person):
        return [one for one in super().grants(person) for _ in range(2)]


@breaks("every_right_of_a_person_is_told_once", "a_person_without_an_account_has_no_rights")
class TellsWhatAnybodyMayDo(EstateHub):
    def grants(self, person):
        return [one for n in range(1, 4) for one in self.of_number(n)]

    def of_number(self, n):
        who = self.ask("/person", {"number": f"{n:04d}"})["id"]
        return [one for page in self.pages("/grants", {"person": who}, self.right) for one in page]


@breaks("every_right_of_a_person_is_told_once")
class TellsIdsForTitles(EstateHub):
    def right(self, row):
        return dataclasses.replace(super().right(row), title=" ")


@breaks("a_right_taken_is_gone_and_no_other")
class TakesAllRights(EstateHub):
    def revoke(self, changes):
        everything = [
            dataclasses.replace(each, grant_id=grant.id) for each in changes for grant in self.grants(each.person)
        ]
        super().revoke(everything)
        return [Receipt.done() for _ in changes]


@breaks("a_right_taken_is_gone_and_no_other")
class TakesItFromEverybody(EstateHub):
    def revoke(self, changes):
        number3 = self.ask("/person", {"number": "0003"})["id"]
        others = [
            dataclasses.replace(each, person=dataclasses.replace(each.person, external_id=number3)) for each in changes
        ]
        super().revoke(others)
        return super().revoke(changes)


@breaks("a_right_taken_is_gone_and_no_other", "more_changes_than_a_call_takes_are_all_done")
class SaysARightIsGone(EstateHub):
    def revoke(self, changes):
        return [Receipt.done() for _ in changes]


@breaks("a_right_given_is_there_for_both")
class MovesRights(EstateHub):
    def entitle(self, changes):
        first = self.ask("/person", {"number": "0001"})["id"]
        self.revoke(
            [dataclasses.replace(each, person=dataclasses.replace(each.person, external_id=first)) for each in changes]
        )
        return super().entitle(changes)


@breaks("a_right_given_is_there_for_both")
class GivesNothing(EstateHub):
    def entitle(self, changes):
        return [Receipt.done() for _ in changes]


@breaks("a_right_given_is_there_for_both")
class ReplacesWhatWasThere(EstateHub):
    def entitle(self, changes):
        for each in changes:
            self.revoke([dataclasses.replace(each, grant_id=grant.id) for grant in self.grants(each.person)])
        return super().entitle(changes)


@breaks("changing_a_right_twice_is_harmless")
class RefusesToTakeWhatIsNotThere(EstateHub):
    def revoke(self, changes):
        there = [each.grant_id in {grant.id for grant in self.grants(each.person)} for each in changes]
        receipts = super().revoke(changes)
        none = Receipt.refused("absent", "the person does not have it")
        return [one if held else none for held, one in zip(there, receipts, strict=True)]


@breaks("changing_a_right_twice_is_harmless")
class RefusesToGiveWhatIsThere(EstateHub):
    def entitle(self, changes):
        there = [each.grant_id in {grant.id for grant in self.grants(each.person)} for each in changes]
        receipts = super().entitle(changes)
        twice = Receipt.refused("duplicate", "the person has it")
        return [twice if held else one for held, one in zip(there, receipts, strict=True)]


@breaks("a_right_nobody_knows_harms_no_other")
class RefusesAllForOne(EstateHub):
    def entitle(self, changes):
        receipts = super().entitle(changes)
        if any(one.outcome is Outcome.REFUSED for one in receipts):
            raise RejectedError("one of them cannot be given")
        return receipts


@breaks("a_right_nobody_knows_harms_no_other", "a_right_for_nobody_is_refused")
class TakesARefusalForDone(EstateHub):
    def entitle(self, changes):
        super().entitle(changes)
        return [Receipt.done() for _ in changes]


@breaks("a_right_for_nobody_is_refused")
class RefusesWithoutARemedy(EstateHub):
    def receipt(self, word):
        return dataclasses.replace(super().receipt(word), remedy="")


@breaks("more_changes_than_a_call_takes_are_all_done")
class ChangesAtMostThree(EstateHub):
    def change(self, changes, give):
        return [*super().change(changes[:3], give), *(Receipt.done() for _ in changes[3:])]


# --- sessions


@breaks("a_person_is_logged_out_and_nobody_else")
class LogsNobodyOut(EstateHub):
    def end_sessions(self, ends):
        return [Receipt.done() for _ in ends]


@breaks("a_person_is_logged_out_and_nobody_else", "several_people_are_logged_out_at_once")
class LogsEverybodyOut(EstateHub):
    def end_sessions(self, ends):
        found = (self.ask("/person", {"number": f"{n:04d}"})["id"] for n in range(1, 20))
        self.write("/logout", "people", [one for one in found if one])
        return super().end_sessions(ends)


@breaks("logging_out_who_is_not_logged_in_is_done")
class RefusesASecondTime(EstateHub):
    ended = frozenset()

    def end_sessions(self, ends):
        again = [each.person.number in self.ended for each in ends]
        self.ended |= {each.person.number for each in ends}
        receipts = super().end_sessions(ends)
        none = Receipt.refused("no_session", "nobody is logged in")
        return [none if twice else one for twice, one in zip(again, receipts, strict=True)]


@breaks("several_people_are_logged_out_at_once")
class LogsOneOut(EstateHub):
    def end_sessions(self, ends):
        return [*super().end_sessions(ends[:1]), *(Receipt.done() for _ in ends[1:])]


# --- messages


@breaks("a_message_arrives_as_it_was_written")
class WritesAscii(EstateHub):
    def mail(self, message):
        return super().mail(message).encode("ascii", "replace").decode()


@breaks("a_message_arrives_as_it_was_written", "each_person_gets_their_own_message")
class SendsEverythingTwice(EstateHub):
    def notify(self, messages):
        super().notify(messages)
        return super().notify(messages)


@breaks("a_message_arrives_as_it_was_written")
class StopsAtALoneDot(EstateHub):
    def mail(self, message):
        return super().mail(message).partition("\n.")[0]


@breaks("each_person_gets_their_own_message")
class SendsEveryoneTheFirstText(EstateHub):
    def notify(self, messages):
        return super().notify([dataclasses.replace(each, text=messages[0].text) for each in messages])


@breaks("each_person_gets_their_own_message")
class CopiesEverybody(EstateHub):
    def notify(self, messages):
        for each in messages:
            self.write(
                "/mail", "mails", [self.mail(dataclasses.replace(each, address=one.address)) for one in messages]
            )
        return [Receipt.done() for _ in messages]


@breaks("a_message_to_nobody_harms_no_other")
class SendsNothingForOne(EstateHub):
    def notify(self, messages):
        if not all(each.address for each in messages):
            return [Receipt.refused("nobody", "one has no address") for _ in messages]
        return super().notify(messages)


@breaks("a_message_to_nobody_harms_no_other")
class TakesNobodyForReached(EstateHub):
    def receipt(self, word):
        return Receipt.done() if word == "nobody" else super().receipt(word)


@breaks("a_message_to_nobody_harms_no_other")
class WritesToThePostmaster(EstateHub):
    def mail(self, message):
        return super().mail(dataclasses.replace(message, address=message.address or "postmaster@example.com"))


@breaks("a_link_arrives_whole")
class CutsLongLinks(EstateHub):
    def mail(self, message):
        return super().mail(dataclasses.replace(message, link=message.link[:200]))


@breaks("a_link_arrives_whole")
class FoldsLongLinks(EstateHub):
    def mail(self, message):
        link = "\n".join(message.link[at : at + 76] for at in range(0, len(message.link), 76))
        return super().mail(dataclasses.replace(message, link=link))


@breaks("a_link_arrives_whole")
class AlwaysLinks(EstateHub):
    def mail(self, message):
        return super().mail(dataclasses.replace(message, link=message.link or "https://hub.example.com/"))


@breaks("what_looks_like_markup_arrives_as_text")
class TakesTagsAway(EstateHub):
    def mail(self, message):
        return super().mail(dataclasses.replace(message, text=re.sub("<[^>]*>", "", message.text)))


@breaks("what_looks_like_markup_arrives_as_text")
class EscapesWherePlainTextGoes(EstateHub):
    def mail(self, message):
        return super().mail(dataclasses.replace(message, text=html.escape(message.text)))


@breaks("a_line_break_in_a_subject_smuggles_nothing")
class LetsHeadersIn(EstateHub):
    """Watches out for other recipients and nothing else."""

    def mail(self, message):
        subject = re.sub("[\r\n]+(Bcc|To)", r" \1", message.subject).partition("\n\n")[0]
        return f"To: {message.address}\nSubject: {subject}\n\n{message.text}\n{message.link}"


@breaks("a_line_break_in_a_subject_smuggles_nothing")
class WritesTheSubjectAsItIs(EstateHub):
    def mail(self, message):
        return f"To: {message.address}\nSubject: {message.subject}\n\n{message.text}\n{message.link}"


@breaks("a_line_break_in_a_subject_smuggles_nothing")
class LooksForLineFeedsOnly(EstateHub):
    def mail(self, message):
        subject = message.subject.replace("\n", " ")
        return f"To: {message.address}\nSubject: {subject}\n\n{message.text}\n{message.link}"
