# Masks Bacula's configuration, the statements of its lexer (lex.c of 9.6): resources in braces, strings that span lines.
mask_bacula() {
    mask '
function at_end() { return quoted || want != "" }
function reset() { want = ""; quoted = 0 }
function give_up() { lose(); quoted = 0; want = "" }

# What is left of the line is not understood: forget it, and the rest of the file when what follows is in doubt.
function stray(   text, marks) {
    text = rest
    rest = want = ""
    gsub(/\\./, "", text)
    marks = gsub(/"/, "", text)
    if (marks % 2 || text ~ /[{}]/ || text ~ /[=,\\][ \t]*$/) give_up()
    else tell("odd", file)
}

# After a secret only what is surely no part of it goes on.
function after_secret() {
    want = ""
    if (rest !~ /^[ \t\r]*(#.*)?$/ && rest !~ /^[ \t\r]*;([ \t\r}#]|$)/ && rest !~ /^[ \t\r]*}([ \t\r;}#]|$)/) stray()
}

# Without quotes letters are an identifier, in which spaces do not count; anything else ends at a space.
function unquoted(   value) {
    value = ""
    if (match(rest, /^[A-Za-z][A-Za-z \t]*/)) {
        value = substr(rest, 1, RLENGTH)
        gsub(/[ \t]/, "", value)
        cut(RLENGTH)
    }
    if (match(rest, /^[^ \t\r\f;,{}=#"]+/)) {
        value = value substr(rest, 1, RLENGTH)
        cut(RLENGTH)
    }
    return value
}

# Names with commas between them as Bacula takes them: of one in quotes each character counts, of another one no space
# after letters does. Empty where Bacula would take something else.
function names_in(text,   list, item, size, prefix) {
    list = ""
    while (1) {
        sub(/^[ \t\r]+/, "", text)
        if (match(text, /^"[^",]*"/)) {
            size = RLENGTH
            item = substr(text, 2, size - 2)
            if (item ~ /^[ \t]|[ \t]$/) return ""
        } else if (match(text, /^[^",]+/)) {
            size = RLENGTH
            item = substr(text, 1, size)
            prefix = ""
            if (match(item, /^[A-Za-z][A-Za-z \t]*/)) prefix = substr(item, 1, RLENGTH)
            item = substr(item, length(prefix) + 1)
            gsub(/[ \t]/, "", prefix)
            sub(/[ \t\r]+$/, "", item)
            if (item ~ /[ \t]/) return ""
            item = prefix item
        } else return ""
        list = list (list == "" ? "" : ", ") item
        text = substr(text, size + 1)
        sub(/^[ \t\r]+/, "", text)
        if (text == "") return list
        if (substr(text, 1, 1) != ",") return ""
        text = substr(text, 2)
    }
}

# Of a path Bacula asks a shell, which takes its backslashes away; not so of what is backed up.
function is_expanded() { return shape_here() == "path" && name != "file" && text ~ /\\/ }

function more_of_value() {
    while (!quoted && !lost) {
        if (match(rest, /^[^";}#{]+/)) {
            text = text substr(rest, 1, RLENGTH)
            if (substr(rest, 1, RLENGTH) !~ /^[ \t\r]*$/) pieces += 2
            cut(RLENGTH)
        }
        if (substr(rest, 1, 1) == "\"") {
            cut(1)
            quoted = 1
            within = ""
            quote() # and what follows it
            return
        } else if (substr(rest, 1, 1) == "{") {
            give_up()
        } else {
            if (shape_here() == "name") plain(names_in(text))
            else if (is_expanded()) hide("is expanded by a shell")
            else plain(pieces == 1 ? within : text)
            want = ""
            return
        }
    }
}

# The rest of a quoted string, which may span lines.
function quote() {
    while (quoted) {
        if (match(rest, /^[^"\\]+/)) {
            within = within substr(rest, 1, RLENGTH)
            cut(RLENGTH)
        }
        if (rest == "" || rest == "\\") {
            rest = ""
            within = within "\n"
            return
        }
        if (substr(rest, 1, 1) == "\\") {
            within = within substr(rest, 2, 1)
            cut(2)
        } else {
            cut(1)
            quoted = 0
        }
    }
    if (is_secret()) {
        secret(within)
        after_secret()
    } else {
        text = text "\"" within "\""
        pieces += 1
        more_of_value()
    }
}

function read_value(   first, token) {
    first = substr(rest, 1, 1)
    text = within = ""
    pieces = 0
    if (first == "@") {
        hide("stands in another file")
        stray()
    } else if (rest ~ /^\\[ \t\r]*$/) {
        rest = "" # Bacula goes on with the next line
        tell("odd", file)
    } else if (!is_secret() && first == "{") {
        open_block()
    } else if (!is_secret()) {
        more_of_value()
    } else if (first == "\"") {
        cut(1)
        quoted = 1
        quote()
    } else {
        token = unquoted()
        if (token == "") {
            stray()
        } else {
            secret(token)
            after_secret()
        }
    }
}

function open_block() {
    cut(1)
    want = ""
    enter(name)
}

function include(   path) {
    cut(1)
    if (rest ~ /^"?\|/) {
        tell("command", file)
        gsub(/[{}]/, "", rest)
        path = rest
        gsub(/\\./, "", path)
        if (gsub(/"/, "", path) % 2) give_up()
        rest = ""
        return
    }
    if (match(rest, /^"[^"]*"/)) path = substr(rest, 2, RLENGTH - 2)
    else if (match(rest, /^[^ \t\r;{}",#]+/)) path = substr(rest, 1, RLENGTH)
    if (path ~ /^\// && fits("path", path)) {
        cut(RLENGTH)
        tell("include", path)
    } else {
        stray()
    }
}

function scan(   first) {
    sub(/\r$/, "", rest) # Bacula takes no notice of it at the end of a line
    if (quoted) quote()
    while (!lost && !quoted) {
        sub(/^[ \t\r\f]+/, "", rest)
        first = substr(rest, 1, 1)
        if (first == "" || first == "#") {
            # Bacula takes no value from another line, but a block, as that of addresses
            if (want == "value" && is_secret()) give_up()
            else if (want == "value") want = "block"
            return
        }
        if (want == "block" && first != "{") {
            give_up()
        } else if (want == "value") {
            read_value()
        } else if (want == "equals" && first == "=") {
            cut(1)
            want = "value"
        } else if (want == "block" || (want == "equals" && first == "{")) {
            open_block()
        } else if (want != "") {
            stray()
        } else if (first == ";") {
            cut(1)
        } else if (first == "}") {
            cut(1)
            leave()
        } else if (first == "@") {
            include()
        } else if (match(rest, /^[A-Za-z][A-Za-z0-9_ \t]*/) && RLENGTH < 60) {
            name = tolower(substr(rest, 1, RLENGTH))
            gsub(/[ \t]/, "", name)
            cut(RLENGTH)
            want = "equals"
        } else {
            stray()
        }
    }
}
'
}
