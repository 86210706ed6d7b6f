"""The table of all calls of the API, with what each needs, takes and answers."""

from __future__ import annotations

from arfeed.operations.board.api import calls, models
from arfeed.operations.board.api.openapi import Call
from arfeed.operations.board.application import Page

_V1 = "/api/v1"
_FEED = f"{_V1}/feeds/{{feed}}"

CALLS = (
    Call(Page("GET", f"{_V1}/feeds", "person", calls.list_feeds), models.Feeds),
    Call(Page("GET", f"{_V1}/search", "person", calls.search), models.Found, query=("q", "feed")),
    Call(Page("GET", f"{_V1}/audit", "audit", calls.show_log), models.Log),
    Call(Page("GET", _FEED, "see", calls.show_feed), models.FeedDetails),
    Call(Page("POST", f"{_FEED}/look", "look", calls.look), models.Asked, 202),
    Call(Page("POST", f"{_FEED}/run", "run", calls.run), models.Asked, 202),
    Call(Page("GET", f"{_FEED}/plans/{{plan}}", "see", calls.show_plan), models.Plan),
    Call(
        Page("POST", f"{_FEED}/plans/{{plan}}/approval", "approve", calls.approve),
        models.Asked,
        202,
        takes=models.PlanApproval,
        problems=(409, 422),
    ),
    Call(Page("GET", f"{_FEED}/jobs/{{job}}", "see", calls.show_job), models.Job),
    Call(Page("GET", f"{_FEED}/runs/{{run}}", "see", calls.show_receipt), models.Receipt),
)
"""Every call there is. What changes for programs that use it today is for another version of the API."""
