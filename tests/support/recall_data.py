"""Questions to memories, written before any recall was tuned: 500 items, 200 paraphrased questions.

Twenty people (or clients) have twenty-five properties (or tasks) each. A question asks for one of them in
other words. The same property of 19 other people and the 24 other properties of the same person lie near
it, so that each question has more than ten near distractors. Each property is asked in two ways: the first
one is for tuning, the second one is held back for the measurement that is reported.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

PEOPLE = (
    "Ada", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hassan", "Ingrid", "Jonas",
    "Keiko", "Liam", "Marta", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Stefan", "Tamar",
)  # fmt: skip

# what is stated of a person, the values it may have, and two ways to ask for it in other words
FACTS = (
    ("{who} lives in {value}.", ("Ulm", "Porto", "Bergen", "Lyon", "Graz"), "Which town is {who}'s home in?", "Where does {who} reside?"),
    ("{who} works as a {value}.", ("baker", "nurse", "pilot", "surveyor", "tailor"), "What does {who} do for a living?", "What is {who}'s occupation?"),
    ("{who} is allergic to {value}.", ("peanuts", "pollen", "cats", "penicillin", "wool"), "What must {who} avoid for health reasons?", "Which substance makes {who} ill?"),
    ("{who} was born on {value}.", ("3 March", "12 May", "30 July", "9 October", "1 January"), "When is {who}'s birthday?", "On what date do we celebrate {who} growing a year older?"),
    ("{who} drives a {value}.", ("Volvo", "Fiat", "Mazda", "van", "Skoda"), "Which car does {who} own?", "What vehicle does {who} get around with?"),
    ("{who} plays the {value}.", ("cello", "drums", "flute", "piano", "banjo"), "Which musical instrument can {who} handle?", "What does {who} make music with?"),
    ("{who} is married to {value}.", ("Noor", "Paul", "Ines", "Viktor", "Lea"), "Who is {who}'s spouse?", "What is the name of {who}'s husband or wife?"),
    ("{who} has a dog called {value}.", ("Rex", "Bella", "Momo", "Fido", "Luna"), "What is the name of {who}'s pet?", "How is {who}'s animal named?"),
    ("{who} speaks {value} fluently.", ("Danish", "Arabic", "Welsh", "Korean", "Polish"), "Which foreign language is {who} good at?", "In what language can one talk with {who}?"),
    ("{who} prefers {value} for breakfast.", ("porridge", "toast", "eggs", "muesli", "fruit"), "What does {who} like to eat in the morning?", "Which food does {who} start the day with?"),
    ("{who} studied {value} at university.", ("law", "physics", "history", "botany", "drama"), "What was {who}'s subject at college?", "In which field did {who} take a degree?"),
    ("{who}'s favourite colour is {value}.", ("teal", "crimson", "ochre", "violet", "grey"), "Which hue does {who} like best?", "What shade would please {who} most on a wall?"),
    ("{who} supports the football club {value}.", ("Ajax", "Celtic", "Porto FC", "Brann", "Sturm"), "Which team does {who} cheer for?", "Whose matches does {who} follow as a fan?"),
    ("{who} is afraid of {value}.", ("heights", "spiders", "thunder", "deep water", "needles"), "What frightens {who}?", "Which phobia does {who} have?"),
    ("{who} collects {value}.", ("stamps", "coins", "maps", "postcards", "teapots"), "What does {who} gather as a hobby?", "Which objects fill {who}'s shelves at home?"),
    ("{who} takes {value} in the evening.", ("aspirin", "magnesium", "ibuprofen", "iron tablets", "a sleeping pill"), "Which medicine does {who} swallow at night?", "What drug does {who} use before bed?"),
    ("{who} reports to {value}.", ("Ms Okafor", "Mr Lind", "Dr Weiss", "Ms Tanaka", "Mr Costa"), "Who is {who}'s boss?", "Which manager is responsible for {who}?"),
    ("{who} was late because of {value}.", ("a strike", "a flat tyre", "snow", "a missed train", "an alarm clock"), "What held {who} up?", "Why did {who} not arrive in time?"),
    ("{who} pays {value} in rent.", ("700 euros", "850 euros", "920 euros", "1100 euros", "640 euros"), "How much does {who}'s flat cost each month?", "What does {who} hand over to the landlord?"),
    ("{who} wants to travel to {value}.", ("Peru", "Iceland", "Japan", "Kenya", "Vietnam"), "Which country would {who} love to visit?", "What is {who}'s dream holiday destination?"),
    ("{who} broke {value} last winter.", ("an ankle", "a wrist", "two ribs", "a collarbone", "a thumb"), "Which injury did {who} suffer?", "What bone had to heal on {who}?"),
    ("{who} is writing a book about {value}.", ("bees", "bridges", "Vikings", "salt", "lighthouses"), "What is the topic of {who}'s manuscript?", "Which theme is {who} working on as an author?"),
    ("{who} goes to the gym on {value}.", ("Mondays", "Tuesdays", "Thursdays", "Saturdays", "Sundays"), "Which day does {who} exercise?", "When does {who} do sport?"),
    ("{who} inherited {value} from an aunt.", ("a cottage", "a necklace", "a piano", "some shares", "a vineyard"), "What did {who} receive when a relative died?", "Which thing did a family member leave to {who}?"),
    ("{who} cannot eat {value}.", ("gluten", "lactose", "pork", "shellfish", "eggs"), "Which ingredient is not on {who}'s diet?", "What should the cook leave out for {who}?"),
)  # fmt: skip

# a task that was done for a client, how, and two ways to ask for the same again
TASKS = (
    ("Translate the contract of {who} into French", ("look_up", "translate", "proofread"), "We need a French version of {who}'s agreement", "{who} wants the legal document in the language of Paris"),
    ("Summarise the quarterly report of {who}", ("fetch", "extract", "condense"), "Give me the gist of {who}'s three-month figures", "Boil down what {who} published for the quarter"),
    ("Book a flight to Oslo for {who}", ("search_flights", "reserve", "pay"), "{who} has to get to Norway by plane", "Arrange air travel to the Norwegian capital for {who}"),
    ("Draw a bar chart of the sales of {who}", ("query", "aggregate", "plot"), "Visualise the revenue of {who} as columns", "Make a diagram that shows what {who} sold"),
    ("Find duplicate invoices of {who}", ("query", "compare"), "Has {who} been billed twice?", "Look for bills to {who} that were sent more than once"),
    ("Send a reminder of payment to {who}", ("look_up", "mail"), "{who} still owes us money, write to them", "Dun {who} for the open amount"),
    ("Convert the price list of {who} to dollars", ("fetch", "rate", "multiply"), "What do the goods of {who} cost in US currency?", "Change the tariffs of {who} from euros"),
    ("Check the spelling of the brochure of {who}", ("read", "proofread"), "Are there typos in {who}'s leaflet?", "Correct the orthography of what {who} hands out"),
    ("Schedule a meeting with {who} next week", ("calendar", "mail"), "Find a slot to see {who} in the coming days", "Put an appointment with {who} into the diary"),
    ("Back up the database of {who}", ("connect", "dump", "upload"), "Save a copy of {who}'s tables somewhere safe", "Secure the stored records of {who} against loss"),
    ("Compute the mileage expenses of {who}", ("routes", "multiply"), "How much do we reimburse {who} for driving?", "Work out the refund for {who}'s car trips"),
    ("Write a job advertisement for {who}", ("ask", "draft"), "{who} is hiring, word the posting", "Compose a vacancy notice on behalf of {who}"),
    ("Extract the addresses from the letters of {who}", ("read", "extract"), "Pull out where people live from {who}'s mail", "List the postal destinations in the correspondence of {who}"),
    ("Test the web shop of {who} for broken links", ("crawl", "report"), "Which pages of {who}'s store lead nowhere?", "See whether anything is dead on the online market of {who}"),
    ("Forecast the stock of {who} for June", ("query", "fit", "predict"), "How much will {who} have in the warehouse at the start of summer?", "Predict the inventory of {who} a few months ahead"),
    ("Resize the photographs of {who} for print", ("read", "scale"), "Make {who}'s pictures the right dimensions for paper", "Adapt the images of {who} to the press"),
    ("Unlock the account of {who}", ("look_up", "unlock", "mail"), "{who} is locked out and cannot sign in", "Let {who} log on again with new credentials"),
    ("Merge the address books of {who}", ("read", "compare", "join"), "Combine {who}'s two contact lists", "Unify all the people that {who} knows into one file"),
    ("Record the minutes of the call with {who}", ("transcribe", "condense"), "Write down what was said on the phone with {who}", "Keep a protocol of the conversation with {who}"),
    ("Order office chairs for {who}", ("catalogue", "compare", "order"), "{who} needs new seats at the desks", "Buy furniture to sit on for {who}"),
    ("Cancel the subscription of {who}", ("look_up", "cancel", "mail"), "{who} does not want to renew, end the plan", "Terminate the membership of {who}"),
    ("Estimate the weight of the shipment of {who}", ("weigh", "add"), "How heavy is the parcel for {who}?", "Find out the load of the freight of {who}"),
    ("Explain the tax form to {who}", ("read", "draft"), "{who} does not understand the paper from the revenue office", "Help {who} with the declaration to the authorities"),
    ("Remove personal data from the logs of {who}", ("read", "mask"), "Anonymise what {who}'s servers wrote down", "Strip names and mail addresses out of the traces of {who}"),
    ("Compare the offers of insurers for {who}", ("search", "compare"), "Which policy is the cheapest for {who}?", "Weigh the coverage quotes that {who} got"),
)  # fmt: skip


class Asked(NamedTuple):
    """A question, and the place of the item that answers it."""

    question: str
    place: int


def _tables() -> list[tuple[int, int]]:
    return [(who, what) for who in range(len(PEOPLE)) for what in range(len(FACTS))]


def facts() -> list[str]:
    """500 statements."""
    random = Random(11)
    return [
        FACTS[what][0].format(who=PEOPLE[who], value=random.choice(FACTS[what][1])) for who, what in _tables()
    ]


def tasks() -> list[str]:
    """500 tasks."""
    return [TASKS[what][0].format(who=PEOPLE[who]) for who, what in _tables()]


def steps(place: int) -> tuple[str, ...]:
    """The tools by which a task is done."""
    return TASKS[place % len(TASKS)][1]


def questions(table: tuple, *, held_back: bool) -> list[Asked]:
    """100 questions to `FACTS` or `TASKS`, four a property: those for tuning, or those that are held back."""
    random, asked = Random(29 + held_back), []
    for what, (_, _, first, second) in enumerate(table):
        for who in random.sample(range(len(PEOPLE)), 4):
            form = second if held_back else first
            asked.append(Asked(form.format(who=PEOPLE[who]), who * len(table) + what))
    return asked


def worded(table: tuple) -> list[Asked]:
    """100 questions in the words of their items, but for the value of a statement."""
    random, asked = Random(31), []
    for what, (form, *_) in enumerate(table):
        for who in random.sample(range(len(PEOPLE)), 4):
            said = form.format(who=PEOPLE[who], value="what").rstrip(".")
            asked.append(Asked(f"{said}?", who * len(table) + what))
    return asked
