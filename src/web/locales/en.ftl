# Words of the pages in English. Keys are the same in every language; values in { } are filled in.

skip = Skip to the content
nav-label = Main
nav-start = Today
nav-queue = Queue
nav-customers = Customers
nav-evidence = Evidence
nav-imports = Imports
nav-policy = Policy
nav-audit = Audit log
nav-users = People and tokens
nav-account = Your account
theme-label = Theme
theme-system = System
theme-light = Light
theme-dark = Dark
or = or
continue = Continue
back-to-start = Back to the start

sign-in = Sign in
sign-in-with = Sign in with { $provider }
sign-in-wrong = The name or the password is not right.
sign-out = Sign out
login-name = Login name
password = Password
password-new = New password
password-again = The same again
password-help = At least 12 characters. A few words in a row are easier to remember than one odd word; no rules about digits and signs.
password-short = The password has fewer than 12 characters.
password-long = The password has more than 256 characters.
password-common = This password is made of words and runs that everybody uses. Add something of your own.
password-name = This password is little more than your name or the name of this program. Add something of your own.
password-differs = The two passwords are not the same.
set-password = Set a password
set-password-lead = For { $user }. This link is good once.
code = Code
code-title = One-time code
code-lead = Type the code your authenticator shows now, or one of your recovery codes.
code-wrong = This code is not right, or was used before. Wait for the next one.
step-up-title = Prove that it is you
step-up-lead = What you are about to do needs a fresh proof.
step-up-wrong = That is not right.

error-not-found = Nothing here
error-not-found-detail = There is nothing at this address, or it is not for you to see.
error-signed-out = Sign in first
error-signed-out-detail = Your session is over. Sign in again to go on.
error-forbidden = Not allowed
error-step-up = Prove that it is you
error-step-up-detail = This needs a fresh sign-in.
error-form-token = The page is too old
error-form-token-detail = This form is too old or came from elsewhere. Go back, reload the page, and try again. Nothing was changed.
error-invalid = Something is not right
error-too-large = Too large
error-conflict = Somebody else was quicker
error-too-many-attempts = Too many attempts
error-too-many-attempts-detail = Wait { $seconds ->
        [one] one second
       *[other] { $seconds } seconds
    } and try again.
error-internal = Something went wrong here
error-internal-detail = It has been logged. Nothing was changed by this request.
error-unavailable = The books cannot be reached
error-unavailable-detail = Try again in a moment.

queue-empty = Nothing waits for a person.

# Words used on many pages.
search = Search
save = Save
copy = Copy
copied = Copied
filter = Filter
pages = Pages
first-page = First page
next-page = Next page
yes = yes
no = no
on = on
off = off
when = When
what = What
by = By
kind = Kind
state = State
name = Name
size = Size
field = Field
value = Value
source = Source
version = Version
number = Number
number-short = No.
amount = Amount
currency = Currency
country = Country
entity = Entity
customer = Customer
item = Item
payment = Payment
case = Case
cases = Cases
share = Share
total = Total
details = Details
email = E-mail
language = Language
rule = rule
open = open
file = File
hash = Hash
new = New
known = Known
refused = Refused
read = read
confidence = Confidence
original = Original
document = Document
page-count = { $count ->
        [one] one page
       *[other] { $count } pages
    }

start-no-role = You have no role on any entity yet. An admin gives you one.
start-waiting = Waiting for a person
start-oldest = oldest: { $days ->
        [0] today
        [one] one day
       *[other] { $days } days
    }
start-settled = Settled alone today
start-week = { $count } in the last 7 days
start-people = Decided by people
start-last-week = in the last 7 days
start-share = Share settled alone
start-last-month = of the last 30 days
start-decisions = Decisions of the last 30 days
start-alone = settled alone
start-by-people = decided by people
start-chart-label = Decisions by day: { $alone } settled alone, { $people } decided by people in 30 days
start-kinds = What waits
start-at-stake = Money that waits
start-nothing-at-stake = No money waits.
start-where = Where the money is
start-where-help = bank in = applied + unapplied + not ours + undecided
start-no-money = No bank line has been taken in yet.
bank-in = Bank in
applied = Applied
unapplied = Unapplied
not-ours = Not ours
undecided = Undecided
adds-up = Adds up

search-customers = Search name, number, alias or e-mail
customers-none = No customer fits.
open-items = Open items
open-amount = Open
overdue = Overdue
oldest-due = Oldest due
aging = Aging
not-due = Not due
nothing-open = Nothing is open.
aliases = Also known as
parent = Belongs to
withholding = Withholding
issued = Issued
due = Due
billed = Billed
settled = settled
on-hold = on hold
days-overdue = { $days ->
        [one] one day overdue
       *[other] { $days } days overdue
    }
movements = Payments and other movements
movements-none = Nothing was posted yet.
cleared = Cleared
reversal = taken back
settled-items = Settled items
account-cut = The account is long: the last { $rows } items and movements are shown.

bring-files = Bring files
bring-what = What they are
bring-statement = Bank or processor statements
bring-invoices = Invoices and credit notes
bring-customers = Customers
bring-evidence = Evidence: proofs, letters, screenshots
bring-account = Account, if the file names none
bring-entity = Entity of a new account
bring-entity-any = as placed already
bring-choose = Choose files
bring-drop = or drop them here; up to { $size } each. The same file again changes nothing.
bring-failed = The file did not arrive. Try again.
bring-on-its-way = on its way
bring-noscript = Bringing files through this page needs JavaScript. The command `quittance import` does the same.
brought-files = Files brought
brought-none = No file has been brought yet.
held-by-case = case
taken = taken
not-taken = not taken wholly

evidence-all = All
evidence-waiting = Waiting for a person
evidence-none = Nothing here.
evidence-unreadable = This file could not be read. The original is kept; a case holds it.
seems-to-be = Seems to be
unreadable = could not be read
claims = What it seems to say
claims-help = claims, not facts
claims-none = No value was read.
as-written = As written
remittance-rows = Invoices it lists
text-as-read = Text as read

policy-title = Policy in force
policy-built-in = built in
policy-alone = What is settled without a person
policy-alone-1 = A payment is settled alone only when all of this holds:
policy-alone-2 = its text quotes the number of each open item in full, and the items are of one customer;
policy-alone-3 = it clears them exactly, to the cent, in one currency;
policy-alone-4 = the payer named by the bank does not contradict the customer;
policy-alone-5 = it is not above the limit of its currency, and its currency has a limit;
policy-alone-6 = nothing is known against it: no dispute, no hold, no announced change of bank details, no earlier refusal by a person.
policy-alone-7 = Everything else is a question to a person.
policy-limits = Limits
policy-high-value = Always meets a person above
policy-limits-help = A currency that is not listed always meets a person.
policy-always = Always meets a person
policy-evidence = Evidence
policy-waits = A proof of payment waits { $days ->
        [one] one day
       *[other] { $days } days
    } for its money before a person is asked.
policy-booking = The bank may book up to { $days ->
        [one] one day
       *[other] { $days } days
    } before or after the date on the proof.
policy-text = The whole text
policy-four-eyes = Second person above
policy-write-off = Write-off up to

audit-entries = { $count ->
        [one] one entry
       *[other] { $count } entries
    }
audit-verify = Verify everything
audit-whole = Nothing has been altered: { $entries } entries followed, { $rows } rows compared. Last hash:
audit-broken = { $count ->
        [one] One thing is
       *[other] { $count } things are
    } not as the log says:
audit-none = Nothing has been recorded yet.

people = People
roles = Roles
no-role = none
role-viewer = viewer
role-reviewer = reviewer
role-approver = approver
role-admin = admin
all-entities = All entities
enabled = enabled
disabled = disabled
may-sign-in = May sign in
this-is-you = this is you
signing-in = Signing in
account-elsewhere = Account elsewhere
user-add = Add a person
user-taken = There is somebody with the login name { $login } already.
user-name-problem = A name has 1 to 200 characters and no control characters.
user-email-problem = This is no e-mail address.
user-role-problem = There is no such role.
user-last-admin = Somebody must be left who is admin of all entities.
user-link = Make a link to set a password
user-link-made = Pass this link on. It is good once, for 24 hours, and is not shown again.

account-password-help = At least 12 characters. Every other session of yours ends.
account-password-set = Your password is set.
language-browser = as the browser asks
codes-title = One-time codes
codes-lead = A code from an authenticator app, asked for at every sign-in.
codes-set-up = Set up
codes-replace = Set up anew
codes-remove = Remove one-time codes
codes-left = { $count ->
        [one] One recovery code is left.
       *[other] { $count } recovery codes are left.
    }
codes-new-recovery = New recovery codes
codes-scan = Scan this with your authenticator app, then type the code it shows.
codes-by-hand = Or type this in:
codes-confirm = Confirm
recovery-title = Recovery codes
recovery-lead = Each signs you in once in place of a one-time code. Print them or keep them in a password manager: they are not shown again.
recovery-kept = I have kept them
sessions = Sessions
sessions-end = End all sessions
sessions-end-others = End all others
browser = Browser
address = Address
since = Since
last-used = Last used
this-one = this one
tokens = API tokens
tokens-help = for programs; a token never does more than you may
tokens-own = Your own tokens
tokens-none = Nobody has a token.
token-name = What it is for
token-days = Days it holds
token-make = Make a token
token-made = Copy the token now. It is not shown again.
token-name-problem = Say what the token is for, in 1 to 100 characters.
token-scope-problem = Choose at least one scope.
token-days-problem = A token holds for 1 to 730 days.
scopes = Scopes
scope-read = read
scope-decide = decide cases
scope-import = bring files
scope-admin = administer
made = Made
ends = Ends
good = good
over = over
revoke = Revoke
revoked = revoked
