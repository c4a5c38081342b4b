"""What editors write: Markdown without HTML, without foreign images, without logic."""

import pytest

from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.emails.markdown import MarkdownText
from services.newsletter.errors import (
    EmptyCampaignError,
    ForeignImageError,
    PersonalImageError,
    PersonalLinkError,
    UnknownPlaceholderError,
)
from shared.crypto import Keyring, make_keyring
from shared.crypto.keyring import dump_keyring
from tests.support.campaigns import ADA, AT, NEWS, build_campaign, build_emails, read_parts

HOST = "candor.example"


@pytest.fixture(scope="module")
def emails(tmp_path_factory: pytest.TempPathFactory) -> CampaignEmails:
    path = tmp_path_factory.mktemp("keys") / "keyring"
    path.write_text(dump_keyring(make_keyring(["link"], at=AT)))
    return build_emails(Keyring.from_file(path))


def sent(emails: CampaignEmails, text: str) -> tuple[str, str]:
    composer = emails.compile_campaign(build_campaign(text), NEWS, at=AT)
    return read_parts(composer.render("mail_1", ADA).raw)


def test_a_text_becomes_html_and_plain_text() -> None:
    text = "# News\n\nHello *you*,\nand `code`.\n\n1. one\n2. two\n\n- a\n\n> said\n\n[Read](https://candor.example/x)\n\n---\n"
    parsed = MarkdownText(text, own_host=HOST)
    assert parsed.to_text() == (
        "News\n\nHello you,\nand code.\n\n1. one\n\n2. two\n\n- a\n\n> said\n\n"
        "Read (https://candor.example/x)\n\n* * *\n"
    )
    html = parsed.to_html()
    for piece in ("<h1>News</h1>", "<em>you</em>", "<ol>", "<blockquote>", 'href="https://candor.example/x"'):
        assert piece in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "<iframe src=https://evil.example></iframe>",
        "<style>@import url(https://evil.example/x.css)</style>",
        '[x](https://a.example "onmouseover=alert(1)")',
        "<svg/onload=alert(1)>",
        "<a href='java\nscript:alert(1)'>x</a>",
    ],
)
def test_N12_nothing_in_a_text_becomes_a_script(emails: CampaignEmails, hostile: str) -> None:
    _, html = sent(emails, hostile)
    for tag in ("<script", "<iframe", "<style", "<svg", "<img", "onerror=alert(1)>", 'href="javascript', 'href="data'):
        assert tag not in html.lower()


@pytest.mark.parametrize(
    "url", ["https://evil.example/pixel.gif", "//evil.example/p.gif", "p.gif", "cid:1", "data:image/gif;base64,AA"]
)
def test_an_image_of_another_host_is_refused(url: str) -> None:
    with pytest.raises(ForeignImageError):
        MarkdownText(f"![a]({url})", own_host=HOST)
    with pytest.raises(ForeignImageError):
        MarkdownText(f"> - [![a]({url})](https://candor.example)", own_host=HOST)


@pytest.mark.parametrize("url", ["https://evil.example/{{ email }}", "{{ unsubscribe_url }}", "//{{ email }}/p.gif"])
def test_an_image_that_becomes_one_of_another_host_is_refused(emails: CampaignEmails, url: str) -> None:
    with pytest.raises(ForeignImageError):
        emails.check_text(f"![a]({url})")


@pytest.mark.parametrize("url", ["lamp.png?to={{email}}", "{{ email }}/lamp.png", "lamp.png#{{unsubscribe_url}}"])
def test_an_image_that_differs_between_recipients_is_refused(emails: CampaignEmails, url: str) -> None:
    with pytest.raises(PersonalImageError):
        emails.check_text(f"> [![{{{{email}}}}](https://candor.example/{url})](https://candor.example)")
    emails.check_text("![{{email}}](https://candor.example/lamp.png)")


@pytest.mark.parametrize(
    "link",
    [
        "[x](https://evil.example/?e={{email}})",
        "[x](https://evil.example/{{ subscribed_on }})",
        "[x](https://{{email}}.evil.example)",
        "[x](//evil.example/{{email}})",
        "[x](https://candor.example@evil.example/{{email}})",
        "[x](https://evil.example/?next={{unsubscribe_url}})",
        "[x](mailto:box@evil.example?subject={{email}})",
        "[x](https://candor.example/people/{{email}})",
        "<https://evil.example/{{email}}>",
        "[x][1]\n\n[1]: https://evil.example/{{email}}",
        "see https://evil.example/{{email}}",
        "*www.evil.example/{{email}}*",
        "evil.example/?{{email}}",
        "`https://evil.example/{{email}}`",
        "{{unsubscribe_url}}@evil.example/{{email}}",
    ],
)
def test_a_link_that_tells_another_host_who_reads_is_refused_with_its_line(emails: CampaignEmails, link: str) -> None:
    with pytest.raises(PersonalLinkError) as refusal:
        emails.check_text(f"Hello,\n\n{link}")
    assert refusal.value.fields[0].field == "text"
    assert refusal.value.fields[0].message.startswith("line 3: a link to another host carries ")


def test_a_link_to_our_own_host_carries_a_field_encoded(emails: CampaignEmails) -> None:
    text = "[a](https://candor.example/x?e={{email}}&l={{list_name}}) [b]({{unsubscribe_url}}) [c](https://a.example)"
    emails.check_text(text + " https://a.example {{email}} Address:{{email}}")
    plain, html = sent(emails, text)
    assert 'href="https://candor.example/x?e=ada%40reader.example&amp;l=News%20%26%20more"' in html
    assert "https://candor.example/x?e=ada%40reader.example&l=News%20%26%20more" in plain
    assert 'href="https://candor.example/newsletter/unsubscribe?token=' in html


@pytest.mark.parametrize("text", [" ", "\n\n", "[x]: https://candor.example", "<!-- -->"[:0] + "\t"])
def test_a_text_that_shows_nothing_is_no_campaign(emails: CampaignEmails, text: str) -> None:
    with pytest.raises(EmptyCampaignError):
        emails.check_text(text)
    with pytest.raises(EmptyCampaignError):
        emails.check_subject("  ")


@pytest.mark.parametrize("subject", ["{{ token }}", "{{unsubscribe_url}}", "{{7*7}}"])
def test_N11_a_subject_shows_the_fields_of_the_list_only(emails: CampaignEmails, subject: str) -> None:
    with pytest.raises(UnknownPlaceholderError) as refusal:
        emails.check_subject(subject)
    assert refusal.value.fields[0].field == "subject"


def test_an_image_of_our_own_host_is_shown() -> None:
    parsed = MarkdownText("![The lamp](https://candor.example/lamp.png)", own_host=HOST)
    assert '<img src="https://candor.example/lamp.png" alt="The lamp">' in parsed.to_html()
    assert parsed.to_text() == "[The lamp]\n"


def test_placeholders_are_filled_in_both_parts_and_escaped(emails: CampaignEmails) -> None:
    text, html = sent(emails, "For {{ email }} of {{list_name}} since {{subscribed_on}}: [leave]({{unsubscribe_url}})")
    assert (
        "For ada@reader.example of News & more since 5 January 2026: leave (https://candor.example/newsletter" in text
    )
    assert "For ada@reader.example of News &amp; more since 5 January 2026" in html
    assert html.count('href="https://candor.example/newsletter/unsubscribe?token=') == 2
    assert "{{" not in text + html


@pytest.mark.parametrize(
    "text",
    [
        "{{ env.SECRET }}",
        "{{ config }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ 7*7 }}",
        "{{ password }}",
        "{{}}",
        "{{ email|upper }}",
        "[x]({{ token }})",
    ],
)
def test_N11_a_placeholder_names_a_field_of_the_list_or_is_refused(emails: CampaignEmails, text: str) -> None:
    with pytest.raises(UnknownPlaceholderError) as refusal:
        emails.check_text(text)
    assert "known: email, list_name, subscribed_on, unsubscribe_url" in refusal.value.fields[0].message


@pytest.mark.parametrize("text", ["{% for x in y %}", "{# c #}", "${email}", "<%= x %>", "{email}", "%s"])
def test_N11_nothing_else_is_evaluated(emails: CampaignEmails, text: str) -> None:
    emails.check_text(text)
    assert text in sent(emails, text)[0]


def test_no_email_loads_anything_or_counts_its_readers(emails: CampaignEmails) -> None:
    _, html = sent(emails, "Hello.\n\n[Read](https://candor.example/x)")
    assert 'href="https://candor.example/x"' in html
    for foreign in ("<img", "<link", "<style", "url(", "http-equiv", "track", "pixel"):
        assert foreign not in html
    assert "font:" in html, "the styles are inlined"
