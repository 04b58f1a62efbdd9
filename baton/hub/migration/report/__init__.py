"""The migration report: a page to read, a workbook for HR, data for machines; all from one document."""

from baton.hub.migration.report.files import plain, write_report
from baton.hub.migration.report.page import render_page
from baton.hub.migration.report.workbook import render_workbook

__all__ = ["plain", "render_page", "render_workbook", "write_report"]
