"""Words of the work queue (待办)."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class TaskKind(StrEnum):
    QUARANTINED_PAYMENT = "quarantined_payment"
    REFUND_DUE = "refund_due"
    PARKED_EVENT = "parked_event"
    LATE_PARCEL = "late_parcel"
    CLAIM = "claim"
    FAILED_JOB = "failed_job"
    EXPIRING_PAPER = "expiring_paper"


class TaskStatus(StrEnum):
    OPEN = "open"
    DONE = "done"


TASK_LIFE = Lifecycle(
    "task",
    {
        TaskStatus.OPEN: frozenset({TaskStatus.DONE}),
        TaskStatus.DONE: frozenset({TaskStatus.OPEN}),
    },
)
