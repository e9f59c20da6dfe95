/* SPDX-License-Identifier: MIT */
#include "report/page.h"

#include <string.h>

void page_paint(const struct page *page, const char *code)
{
    if (page->colour) {
        fprintf(page->out, "\033[%sm", code);
    }
}

void page_tell(const struct page *page, const char *label, const char *text)
{
    size_t width = page->columns > PAGE_LABEL + 22 ? page->columns - PAGE_LABEL - 2 : 20;

    fprintf(page->out, "  %-*s", PAGE_LABEL, label);
    while (text[0] != '\0') {
        size_t length = lines_fit(text, width);
        size_t cut = length;

        while (text[length] != '\0' && cut > 0 && text[cut] != ' ') {
            cut--;
        }
        cut = cut > 0 ? cut : length;
        fprintf(page->out, "%.*s\n", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
        if (text[0] != '\0') {
            fprintf(page->out, "  %-*s", PAGE_LABEL, "");
        }
    }
}

void page_row(const struct page *page, const char *label, const struct wattle_bound *bound,
              double whole_j, const char *detail)
{
    char number[48], interval[96], share[16];
    struct line line = {0};
    const char *unit;

    if (!wattle_known(bound->value)) {
        return;
    }
    unit = lines_energy(bound, number, sizeof number);
    lines_interval(bound, interval, sizeof interval);
    lines_share(bound->value, whole_j, share, sizeof share);
    line_add(&line, "  %-*s%s %-*s  %-13s  %7s", PAGE_LABEL, label, number,
             (int)(strlen(number) < 8 ? 8 - strlen(number) : 0), unit, interval, share);
    if (detail[0] != '\0') {
        line_add(&line, "  %s", detail);
    }
    page_line(page, &line);
}

void page_line(const struct page *page, const struct line *line)
{
    size_t length = page->verbose ? line->used : lines_fit(line->text, page->columns);

    fprintf(page->out, "%.*s\n", (int)lines_trim(line->text, length), line->text);
}
