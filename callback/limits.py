"""All waits and limits, with units and reasons.

docs/security.md, section 5, has them as tables; a test holds these, this module and the files of
deploy/ together.
"""

from __future__ import annotations

# --- One call of a bank. Each wait is longer than the one inside it: the innermost gives up first,
# so that the bank hears an answer and not a cut connection.

# A statement waits for two locks at most, one after the other, and the server still tells us.
LOCK_TIMEOUT_S = 1
# The trial's: so long a writer waits for the one before it.
BUSY_TIMEOUT_S = 2
CONNECT_TIMEOUT_S = 2
STATEMENT_TIMEOUT_S = 3
# So long after we sent it a statement may begin at the server: what begins then is over, locks
# included, when we give it up. What comes later does nothing (`:deadline`).
LIFE_S = STATEMENT_TIMEOUT_S - 2 * LOCK_TIMEOUT_S
# A step starts only in the first 3 s and takes at most 5: a new connection (2), its statement (3).
LAST_START_S = 3.0
# The shortest limit of a bank is 8 s (kaspi.md, section 2): whatever happens, we have answered
# "ask again" before it gives up. Half a second is left to read and write HTTP.
WHOLE_S = 7.5
SHORTEST_BANK_S = 8
# To open a connection takes many questions and answers. In the first step there is more time.
OPENING_S = WHOLE_S - STATEMENT_TIMEOUT_S
# A bank sends its few bytes at once, and a web server in front hands them on at once.
ARRIVAL_S = 5
# gunicorn ends a worker, the web server in front a call: long after we have answered.
WORKER_S = 20
WEB_SERVER_S = 25

# --- A database that does not answer.

# A wait of so long that ends in nothing is silence; a refusal comes at once.
SILENT_S = 1.0
# So long nobody asks a silent database again.
PAUSE_S = 2.0
# A database that answers opens a connection about as fast as it did before.
PATIENCE = 3  # times
LEAST_PATIENCE_S = 2.0
# The fourth equal pay of a deadlock is rare, the eighth was never seen.
ATTEMPTS = 8
# Two clocks drift apart by some hundredths of a second in so long.
CLOCK_LASTS_S = 600
# A connection knows the server's clock as late as the answer came that told it. Behind a promise
# that there is no payment so much time goes by, and whoever pays then comes later by any of them.
CLOCKS_DIFFER_S = 0.025
# Each node of a cluster has a clock of its own, and goes by NTP; flask doctor names those that are
# farther apart. Where several are named, a payment that came so short a time after a promise may
# have come before it, and hears "ask again".
NODES_DIFFER_S = 1.0
# To set a socket's limit costs more than to look at the clock: it is set when so much is lost.
SLACK_S = 0.1

# --- What a caller may send and ask for.

MAX_BODY = 64 * 1024  # bytes
MAX_LIST = 8 * 1024 * 1024  # bytes of the office's lists: what hosts let pass at once
# The slowest link of an office; what comes slower holds one of a CGI host's few processes.
LIST_RATE = 10_000  # bytes a second
# The variables of a call by FastCGI: a web server takes no more of a caller than a few headers.
MAX_VARIABLES = 128 * 1024  # bytes
# A bank's GET: address, token and parameters. Longer ones are not a bank's.
MAX_LINE = 8190  # bytes
MAX_HEADERS = 50
MAX_HEAD = 64 * 1024  # bytes, all of them together
# Who would wait for a worker longer than the bank does hears "ask again" from the web server; on a
# port nobody would say it, so all are let in and the worker says it.
QUEUE = 32  # calls
PORT_QUEUE = 4096  # calls
# Who has not said all on a port waits in a worker's lobby (callback/entries/lobby.py), of which the
# oldest has to leave for another. A process may open 1,024 files where nobody has allowed it more.
LINKS = 512
# A bank's own machines have a few at a time. A stranger with one address leaves room for others.
LINKS_OF_ONE = 128
# An answer that does not go at once is a statement, a list: banks wait for up to 60 s.
FETCH_S = 60
FETCH_BYTES = 64 * 1024 * 1024  # of all such answers together: two of the longest
# Who was answered and does not close his link: longer than the way there and back.
LEAVE_S = 2
# What the column payment.number holds. A number may be typed longer than it is looked up.
MAX_NUMBER = 200  # characters
# A statement of a period is one answer: 20,000 payments take half a second and 34 MiB; ten times as
# many took a worker's whole time. A day's are far fewer.
STATEMENT_ROWS = 20_000

# --- Strangers.

# Of an address, a minute. A bank's engineer who tries things out brings fewer; and a year of it is
# 16 million, where 8 letters and digits, the weakest password that a bank dictates, are one of 200
# million million.
WRONG_PROOFS = 30
# So many are remembered, the oldest goes: who has more addresses than that is not to be slowed so.
ADDRESSES = 1024
# Of a bank: who has a proof of his own and many addresses pushes out nobody else's.
KNOWN_OF_ONE = 256
# Of a day, for each bank's address: in full; behind them only the 512th, 1024th, 2048th and so on.
STRANGERS_LINES = 300
# A pass of the doctor: long enough to paste it, too short to be found.
OPS_PASS_S = 600

# --- The log.

LOG_BYTES = 10 * 1024 * 1024  # of one file
LOG_FILES = 5  # that are kept besides
LOG_TEXT = 200  # characters of one value: the longest number that a payer may type
# Who turns the log, or counts beside it, has its lock for a moment. A process that was stopped
# with it in its hand keeps nobody else: he goes on without.
FILE_LOCK_S = 1
# Whoever reads stderr may stand still (journald, a container's log). The first line waits for him
# so long, those behind it do not.
STDERR_S = 1

# --- Commands, lists and the exchange: a person waits, or nobody.

PATIENT_TIMEOUT_S = 600  # of one statement
# Commands that write books take turns, also from two machines.
TURN_S = 60
# Who asks the exchange waits for a web server's patience, not for ours.
EXCHANGE_TURN_S = 5
EXCHANGE_ROWS = 1000
PIECES_KEPT_S = 24 * 3600  # of a list that comes in pieces and never becomes whole
MAX_FILE = 64 * 1024 * 1024  # bytes, of any list that is read, unpacked
DELIVERY_S = 60  # of one answer of another's server
SFTP_S = 600  # of a whole delivery
DOCTOR_S = 15  # of one answer of our own site, from outside
