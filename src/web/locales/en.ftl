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
