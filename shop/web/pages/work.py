"""The work queue (待办): what waits for a person, each with one button."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from shop.domain.compliance.states import TaskKind, TaskStatus
from shop.flows import hearing, held_back, sending_back, tracking, working
from shop.flows.parked import SOURCE
from shop.kernel.errors import DomainError, NotFound
from shop.reads import work as reads
from shop.reads.work import TaskView
from shop.tools import tools
from shop.web.fields import Text
from shop.web.pages import Form, FormSchema, flash, render, see
from shop.web.paging import decode, page
from shop.web.who import me, operator, role
from shop.web.words import _

bp = Blueprint("work", __name__, url_prefix="/work")

VIEWERS = role("manager", "operator")


class NoteForm(FormSchema):
    """How it ended."""

    note = Text(1, 200, required=True)


@bp.get("")
@VIEWERS
def index() -> str:
    """Open tasks in reach, the first due at the top."""
    kind, actor = request.args.get("kind", ""), me()
    done, mine = request.args.get("status") == "done", request.args.get("mine") == "1"
    found = reads.tasks(
        working.reach(actor),
        status=TaskStatus.DONE if done else TaskStatus.OPEN,
        kind=TaskKind(kind) if kind in set(TaskKind) else None,
        owner_id=actor.user_id if mine else None,
        now=tools().clock(),
        after=decode(request.args.get("after", "")),
        limit=24,
    )
    return render(
        "work/index.html",
        tasks=found.rows,
        counts=reads.counts(working.reach(actor)),
        kinds=[str(one) for one in TaskKind],
        kind=kind,
        done=done,
        mine=mine,
        next=page(found)["next"],
    )


@bp.get("/<id:task_id>")
@VIEWERS
def show(task_id: int) -> str:
    """One task: what it is about, its button, its history."""
    view = reads.task(task_id, working.reach(me()), now=tools().clock())
    return render("work/show.html", task=view, leads_to=_leads_to(view))


def _leads_to(view: TaskView) -> str | None:
    """The page where the thing itself is seen to."""
    named, _colon, object_id = view.row.ref.partition(":")
    if named == "claim":
        return url_for("coop_claims.show", claim_id=int(object_id))
    if named == "product":
        page_of = "review.show" if me().is_operator else "coop_products.show"
        return url_for(page_of, slug=object_id)
    if view.order is not None:
        return url_for("coop_orders.show", number=view.order)
    return None


@bp.post("/<id:task_id>/take")
@VIEWERS
def take(task_id: int) -> ResponseReturnValue:
    """I see to it."""
    try:
        working.take_task(actor=me(), task_id=task_id, now=tools().clock())
        flash(_("It is yours now."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.show", task_id=task_id)


@bp.post("/<id:task_id>/finish")
@VIEWERS
def finish(task_id: int) -> ResponseReturnValue:
    """Done, and how."""
    form = Form.read(NoteForm)
    if not form.ok:
        flash(_("Write one sentence on how it ended."), "error")
        return see("work.show", task_id=task_id)
    try:
        working.finish_task(
            actor=me(), task_id=task_id, note=form.data["note"], now=tools().clock()
        )
        flash(_("Done."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.index")


@bp.post("/<id:task_id>/send-back")
@operator
def send_back(task_id: int) -> ResponseReturnValue:
    """Money that pays nothing goes back to where it came from."""
    try:
        held_back.send_back(actor=me(), task_id=task_id, now=tools().clock())
        flash(_("The money goes back the way it came."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.show", task_id=task_id)


@bp.post("/<id:task_id>/dismiss")
@operator
def dismiss(task_id: int) -> ResponseReturnValue:
    """Set a report that was held back aside, with the reason."""
    form = Form.read(NoteForm)
    if not form.ok:
        flash(_("Write one sentence on why nothing needs to be done."), "error")
        return see("work.show", task_id=task_id)
    try:
        held_back.dismiss(
            actor=me(), task_id=task_id, reason=form.data["note"], now=tools().clock()
        )
        flash(_("Set aside, with your reason."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.index")


@bp.post("/<id:task_id>/run-again")
@operator
def run_again(task_id: int) -> ResponseReturnValue:
    """A job that failed is run once more by the worker."""
    try:
        working.run_again(actor=me(), task_id=task_id, now=tools().clock())
        flash(_("It runs again within a minute; if it fails, a new task says so."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.show", task_id=task_id)


@bp.post("/<id:task_id>/send-again")
@operator
def send_again(task_id: int) -> ResponseReturnValue:
    """A stuck message, or a refund that failed, goes out once more."""
    view = reads.task(task_id, None, now=tools().clock())
    try:
        if view.refund_id is not None:
            sending_back.send_again(actor=me(), refund_id=view.refund_id, now=tools().clock())
        else:
            working.send_again(actor=me(), task_id=task_id, now=tools().clock())
        flash(_("It goes out again."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.show", task_id=task_id)


@bp.post("/<id:task_id>/apply-again")
@operator
def apply_again(task_id: int) -> ResponseReturnValue:
    """A stored report is tried once more."""
    now = tools().clock()
    try:
        event_id, source = working.report_to_retry(actor=me(), task_id=task_id, now=now)
        if source == SOURCE:
            tracking.apply_report(event_id, now=now)
        elif source in tools().gateways:
            livemode = tools().gateways[source].livemode
            hearing.apply_waiting(source, livemode=livemode, now=now)
        flash(_("Tried again; what became of it stands below."), "success")
    except DomainError as error:
        _refused(error)
    return see("work.show", task_id=task_id)


def _refused(error: DomainError) -> None:
    if isinstance(error, NotFound):
        raise error
    flash(_("That is not possible any more."), "warning")
