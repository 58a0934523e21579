"""Conversations as they happen: edits, deletions, people who join and leave."""

from local.demo.people import Person
from local.picture import png


def support_case(amina: Person, ben: Person, chloe: Person) -> str:
    """Hold a chat with an edit, HTML, a photo, emoji, a receipt, a guest who leaves."""
    thread = amina.start("Order 4711 has not arrived", ben)
    amina.say(thread, "Hello, my order 4711 should have been here on Monday 📦")
    reply = ben.say(thread, "Let me look. It left our warehouse on Firday.")
    ben.thread(thread).update_message(
        reply, content="Let me look. It left our warehouse on Friday."
    )
    ben.thread(thread).add_participants([chloe.as_participant()])
    chloe.say(thread, "I am Chloé from shipping 👩🏽‍💼. The parcel is in <Lyon>.")
    chloe.say(
        thread,
        "<p>New date: <b>Wednesday</b>. <a href='https://example.com/t/4711'>Track it"
        "</a></p>",
        chat_message_type="html",
    )
    chloe.show(thread, "parcel.png", png(48, 32))
    ben.thread(thread).remove_participant(chloe.identifier)
    thanks = amina.say(thread, "Thank you both! 🙏")
    ben.read(thread, thanks)
    ben.thread(thread).update_topic("Order 4711: arrives on Wednesday")
    return thread


def clinic(yael: Person, omar: Person) -> str:
    """Hold a chat in right-to-left text, with a message that its sender deletes."""
    thread = omar.start("موعد العيادة", yael)
    omar.say(thread, "مرحبا، هل يمكن تغيير موعدي إلى الساعة 10:30؟")
    yael.say(thread, "שלום עומר, כן — 10:30 ביום שלישי פנוי.")
    wrong = omar.say(thread, "My patient number is 000-00-0000")
    omar.thread(thread).delete_message(wrong)
    omar.say(thread, "شكرا جزيلا 🌷")
    return thread


def bank(dana: Person, eli: Person) -> str:
    """Hold a chat with a spreadsheet formula, a link in metadata, and many edits."""
    thread = dana.start("Loan 88-B", eli)
    dana.say(thread, '=HYPERLINK("https://example.com";"rates")')
    dana.say(
        thread,
        "The form is attached.",
        metadata={
            "fileSharingMetadata": '[{"name":"form.pdf","url":"https://x.test"}]'
        },
    )
    offer = dana.say(thread, "We offer 4.2 %")
    for rate in ("4.1 %", "4.0 %", "3.9 %, until Friday"):
        dana.thread(thread).update_message(offer, content=f"We offer {rate}")
    eli.say(thread, 'Accepted, "as discussed",\nline two.')
    return thread


def note_to_self(fay: Person) -> str:
    """Write in a thread of one person, for which no user-level events are sent."""
    thread = fay.start("Notes")
    fay.say(thread, "Nobody else will ever see this message.")
    return thread


def deleted_thread(gus: Person, hana: Person) -> str:
    """Hold a chat in a thread that is deleted: only the log still has its messages."""
    thread = gus.start("Temporary", hana)
    gus.say(thread, "This whole thread will be gone in a moment.")
    hana.say(thread, "Then the log is all that remains of it.")
    gus.delete(thread)
    return thread
