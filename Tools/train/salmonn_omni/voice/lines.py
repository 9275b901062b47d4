"""Lines that the assistant's voice says: answers in a closed world, made from a seed.

Used where no corpus of answers is at hand; `read` takes the lines of one that is.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
#: The words beyond which a line counts as long.
LONG = 14
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth last".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
SEASONS = "spring summer autumn winter".split()
CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo",
    "China": "Beijing", "Russia": "Moscow", "Egypt": "Cairo", "Greece": "Athens",
    "Poland": "Warsaw", "Austria": "Vienna", "Sweden": "Stockholm", "Norway": "Oslo",
    "Denmark": "Copenhagen", "Finland": "Helsinki", "Portugal": "Lisbon", "Ireland": "Dublin",
    "England": "London", "Canada": "Ottawa", "Cuba": "Havana", "Peru": "Lima", "Kenya": "Nairobi",
    "India": "New Delhi", "Turkey": "Ankara", "Hungary": "Budapest", "Belgium": "Brussels",
    "Mexico": "Mexico City", "Brazil": "Brasilia", "Korea": "Seoul", "Iceland": "Reykjavik",
}
OPPOSITES = {
    "hot": "cold", "big": "small", "up": "down", "left": "right", "day": "night", "good": "bad",
    "open": "closed", "fast": "slow", "happy": "sad", "young": "old", "light": "dark",
    "high": "low", "long": "short", "wet": "dry", "early": "late", "loud": "quiet", "empty": "full",
    "rich": "poor", "soft": "hard", "strong": "weak", "near": "far", "true": "false",
    "clean": "dirty", "thick": "thin",
}
COLOURS = {
    "the sky": "blue", "grass": "green", "snow": "white", "a banana": "yellow", "coal": "black",
    "a tomato": "red", "an orange": "orange", "the sea": "blue", "milk": "white",
    "a lemon": "yellow", "a cherry": "red", "chocolate": "brown", "an elephant": "grey",
    "a frog": "green", "a plum": "purple", "a pig": "pink", "a leaf": "green", "the night": "black",
    "the sun": "yellow", "a brick": "red",
}
SOUNDS = {
    "dog": "barks", "cat": "says meow", "cow": "says moo", "duck": "quacks", "lion": "roars",
    "bird": "sings", "sheep": "says baa", "horse": "neighs", "pig": "grunts", "snake": "hisses",
    "wolf": "howls", "bee": "buzzes", "frog": "croaks", "mouse": "squeaks", "owl": "hoots",
}
LEGS = {
    "dog": "four", "spider": "eight", "bird": "two", "ant": "six", "horse": "four", "snake": "no",
    "chicken": "two", "cat": "four", "bee": "six", "cow": "four", "fish": "no", "person": "two",
}
ROOMS = "kitchen bedroom bathroom hall office garden".split() + ["living room"]
TALK = """\
Hello. How can I help you?
Hello there. Nice to hear you.
Good morning. What can I do for you?
Good evening. How are you today?
I am fine, thank you. How are you?
I am doing well, thanks for asking.
You are welcome.
It was my pleasure.
Goodbye. Talk to you soon.
Goodbye, and have a nice day.
My name is Nano.
I am a small voice that lives on your desk.
I do not know that.
I am sorry, I do not know that.
Sorry, I did not understand you.
Could you say that again, please?
Yes, I can hear you.
Yes, that is right.
No, that is wrong.
No problem.
All right, I will stop.
Of course. Just ask me.
I can tell you about numbers, days, months, capitals, colours, and animals.
I can count, tell a story, and explain how to make tea.
Why did the chicken cross the road? To get to the other side.
What is brown and sticky? A stick.
I was made to listen and to speak at the same time.
I have no eyes, but I have two ears.
Sleep well. See you tomorrow.
Happy birthday to you.
Let me think about it.
That is a good question.
"""
STORIES = """\
Once upon a time there was a little fox. The fox lived in a green forest near a river.
Every day the fox walked to the river to look at the fish.
One day the fox met an old owl. The owl said, do not be afraid, I am your friend.
They walked through the forest together until the sun went down.
The fox was happy, because now it had a friend.
Once there was a king who had three daughters and one golden bird.
Every morning the bird sang a song, and the king was happy.
One night the bird flew away, over the hills and over the sea.
The youngest daughter took a small boat and looked for the bird.
After seven days she found it on an island, in a tall tree.
She sang the song of the king, and the bird came home with her.
A small mouse lived in the kitchen of a big house. At night it ate bread and cheese.
The cat was asleep, and the mouse ran under the table, as fast as it could.
Long ago a farmer found a blue stone in his garden.
He put the stone in the window, and in the night it was as bright as the moon.
The children came from every house to see the light, and nobody was afraid of the dark.
And they all lived happily ever after. That is the end of the story.
The wind and the sun made a bet. The wind blew hard, but the man held his coat.
Then the sun was warm, and the man took his coat off. The sun had won.
A turtle and a rabbit ran a race. The rabbit was fast, but it fell asleep under a tree.
The turtle was slow, but it did not stop, and so it won the race.
"""
HOW_TO = """\
To make tea, boil some water. Put a tea bag in a cup, and pour the water over it.
Wait for three minutes, then take the bag out. Add milk or sugar if you like.
To make coffee, put two spoons of coffee in the filter and pour hot water over it.
To boil an egg, put it into hot water and wait for seven minutes.
Then put the egg in cold water, so that it is easy to open.
To plant a tree, dig a hole, put the tree in, fill the hole with earth, and give it water.
To make a sandwich, take two slices of bread. Put butter, cheese and tomato between them.
To wash your hands, use warm water and soap, and rub them for twenty seconds.
First, turn the light off. Second, open the window. Third, close your eyes and breathe slowly.
To make a fire, put small dry sticks under big ones, and light the small ones first.
To cook rice, take one cup of rice and two cups of water. Let it cook for fifteen minutes.
To tie your shoes, make a loop, put the other end around it, and pull it through.
To make a paper boat, fold the paper in the middle, and fold the corners down.
"""


def number(n: int) -> str:
    """A whole number below one thousand in words."""
    if n < 20:
        return ONES[n]
    if n < 100:
        tens = TENS[n // 10 - 2]
        return tens if n % 10 == 0 else f"{tens} {ONES[n % 10]}"
    rest = "" if n % 100 == 0 else f" and {number(n % 100)}"
    return f"{ONES[n // 100]} hundred{rest}"


def listed(items: list[str]) -> str:
    """Items with commas, the last one after "and"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])}, and {items[-1]}"


def lines(count: int, seed: int = 1) -> list[str]:
    """So many different lines, in random order."""
    rng = random.Random(seed)
    fixed = [line for text in (TALK, STORIES, HOW_TO) for line in text.splitlines()]
    made = dict.fromkeys(fixed)
    while len(made) < count:
        line = rng.choice(MAKERS)(rng)
        if rng.random() < 0.15:
            line = f"{line} {rng.choice(MAKERS)(rng)}"
        made.setdefault(line)
    result = list(made)
    rng.shuffle(result)
    return result


def _sum(rng: random.Random) -> str:
    a, b = rng.randrange(100), rng.randrange(100)
    word, value = rng.choice([("plus", a + b), ("minus", a - b), ("times", a * b)])
    if not 0 <= value < 1000:
        word, value = "plus", a + b
    said = f"{number(a)} {word} {number(b)}"
    form = rng.choice(["{0} is {1}.", "{0} makes {1}.", "It is {1}.", "The answer is {1}.", "{1}."])
    return _sentence(form.format(said, number(value)))


def _capital(rng: random.Random) -> str:
    country, city = rng.choice(list(CAPITALS.items()))
    return _sentence(rng.choice([
        f"the capital of {country} is {city}.", f"{city}.", f"{city} is the capital of {country}.",
        f"it is {city}.", f"that is {city}, in {country}.",
    ]))


def _calendar(rng: random.Random) -> str:
    day, month = rng.randrange(7), rng.randrange(12)
    short = "thirty" if month in (3, 5, 8, 10) else "thirty one"
    number_of_days = "twenty eight" if month == 1 else short
    return _sentence(rng.choice([
        f"the day after {DAYS[day]} is {DAYS[(day + 1) % 7]}.",
        f"the day before {DAYS[day]} is {DAYS[day - 1]}.",
        f"{DAYS[day]} comes after {DAYS[day - 1]}.", f"it is {DAYS[day]}.",
        f"the month after {MONTHS[month]} is {MONTHS[(month + 1) % 12]}.",
        f"{MONTHS[month]} comes before {MONTHS[(month + 1) % 12]}.",
        f"{MONTHS[month]} has {number_of_days} days.",
        f"{MONTHS[month]} is the {number(month + 1)} month.",
        f"{rng.choice(SEASONS)} starts in {MONTHS[month]}.",
        f"your birthday is on {DAYS[day]}, in {MONTHS[month]}.",
    ]))


def _opposite(rng: random.Random) -> str:
    pair = list(rng.choice(list(OPPOSITES.items())))
    rng.shuffle(pair)
    return _sentence(rng.choice([
        f"the opposite of {pair[0]} is {pair[1]}.", f"{pair[0]} is the opposite of {pair[1]}.",
        f"it is {pair[1]}.", f"{pair[1]}.", f"not {pair[0]}, but {pair[1]}.",
    ]))


def _colour(rng: random.Random) -> str:
    thing, colour = rng.choice(list(COLOURS.items()))
    return _sentence(rng.choice([
        f"{thing} is {colour}.", f"the colour of {thing} is {colour}.", f"it is {colour}.",
        f"{colour}, like {rng.choice(list(COLOURS))}.",
    ]))


def _animal(rng: random.Random) -> str:
    animal, sound = rng.choice(list(SOUNDS.items()))
    walker, legs = rng.choice(list(LEGS.items()))
    return _sentence(rng.choice([
        f"a {animal} {sound}.", f"the {animal} {sound}.", f"a {walker} has {legs} legs.",
        f"a {walker} has {legs} legs, and a {animal} {sound}.",
    ]))


def _count(rng: random.Random) -> str:
    first, length = rng.randrange(30), rng.randint(3, 10)
    numbers = [number(n) for n in range(first, first + length)]
    if rng.random() < 0.3:
        numbers.reverse()
    return _sentence(", ".join(numbers) + ".")


def _digits(rng: random.Random) -> str:
    digits = " ".join(rng.choice(ONES[:10]) for _ in range(rng.randint(2, 7)))
    return _sentence(rng.choice([f"you said {digits}.", f"{digits}."]))


def _list(rng: random.Random) -> str:
    name, items = rng.choice([
        ("days", DAYS), ("months", MONTHS), ("colours", sorted(set(COLOURS.values()))),
        ("animals", list(SOUNDS)), ("cities", list(CAPITALS.values())),
        ("countries", list(CAPITALS)),
    ])
    some = rng.sample(items, rng.randint(2, min(6, len(items))))
    return _sentence(rng.choice([f"some {name} are {listed(some)}.", f"{listed(some)}."]))


def _device(rng: random.Random) -> str:
    room, minutes = rng.choice(ROOMS), number(rng.randint(1, 60))
    state = rng.choice(["on", "off"])
    return _sentence(rng.choice([
        f"the light in the {room} is {state}.", f"I turned the light in the {room} {state}.",
        f"all right, the {room} light is now {state}.", f"the timer is set for {minutes} minutes.",
        f"your timer has {minutes} minutes left.", f"I set a timer for {minutes} seconds.",
        f"the {room} is {rng.choice(['warm', 'cold', 'dark', 'bright'])}.",
    ]))


def _place(rng: random.Random) -> str:
    place = rng.choice(ORDINALS)
    return _sentence(rng.choice([
        f"the {place} month is {rng.choice(MONTHS)}.", f"{rng.choice(DAYS)} is the {place} day.",
        f"the {place} animal is the {rng.choice(list(SOUNDS))}.",
        f"the {place} number is {number(rng.randrange(1000))}.",
    ]))


def _story(rng: random.Random) -> str:
    return rng.choice((STORIES + HOW_TO + TALK).splitlines())


MAKERS = [
    _sum, _sum, _capital, _calendar, _calendar, _opposite, _colour, _animal, _count, _digits, _list,
    _device, _place, _story,
]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def read(path: Path) -> list[str]:
    """The lines of a corpus, the most frequent first, without repetitions.

    A corpus is a text file, a table of questions and answers with a tabulator between, of which the
    answers are taken, or a folder of shards whose records have a `text`.
    """
    counts = Counter(_lines(path))
    return sorted(counts, key=lambda line: -counts[line])


def _lines(path: Path) -> Iterator[str]:
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["text"] if file.suffix == ".jsonl" else line.split("\t")[-1]
            if text.strip():
                yield text.strip()


def composed(lines: list[str], count: int, seed: int = 1) -> list[str]:
    """At most so many lines of two to five sentences of others.

    Half of the sentences are from the longest lines: long answers are few, and what is said in the
    middle of one has to be learnt too.
    """
    rng = random.Random(seed)
    short = [line for line in lines if line.endswith(".") and len(line.split()) <= LONG]
    long = [
        sentence for line in lines if len(line.split()) > LONG
        for sentence in re.findall(r"[^.]+[.]", line)
    ]
    result: dict[str, None] = {}
    # Few lines make few different ones.
    for _ in range(20 * count):
        if not short or len(result) == count:
            break
        pool = long if long and rng.random() < 0.5 else short
        some = rng.sample(pool, min(len(pool), rng.randint(2, 5)))
        result.setdefault(" ".join(sentence.strip() for sentence in some))
    return list(result)
