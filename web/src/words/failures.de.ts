// SPDX-License-Identifier: Apache-2.0
// Was der Server auf Englisch sagt, auf Deutsch: Muster mit dem, was darin wechselt. $1 ist die erste Klammer.
export const failures: [RegExp, string][] = [
  [/^--([\w-]+): (.*)$/s, '--$1: $2'],
  [/^column (\d+): expected (.+?), found end$/s, 'Spalte $1: Hier fehlt noch etwas: erwartet wird $2.'],
  [/^column (\d+): expected (.+?), found (.+)$/s, 'Spalte $1: Erwartet wird $2, da steht $3.'],
  [/^column (\d+): there is no field "(.+)"$/, 'Spalte $1: Ein Feld „$2“ gibt es nicht.'],
  [/^column (\d+): there is no (\w+) "(.+)"$/, 'Spalte $1: $2 „$3“ gibt es nicht.'],
  [/^column (\d+): (.+)$/s, 'Spalte $1: $2'],
  [/^line (\d+), (\S+): (.+)$/s, 'Zeile $1, $2: $3'],
  [/^line (\d+): (.+)$/s, 'Zeile $1: $2'],
  [/^there is no key "(.+)" here$/, 'Den Schlüssel „$1“ gibt es hier nicht.'],
  [/^there is no field "(.+)"$/, 'Ein Feld „$1“ gibt es nicht.'],
  [/^there is no option --(\S+) here$/, 'Die Option --$1 gibt es hier nicht.'],
  [/^there is no (preset|stage model) "(.+)"$/, 'Eine Vorlage „$2“ gibt es nicht.'],
  [/^there is nothing at this path$/, 'Unter dieser Adresse gibt es nichts.'],
  [/^there is no (such file|account \d+|key \d+|import .+)$/, 'Das gibt es nicht (mehr).'],
  [/^nobody is known as (.+)$/, 'Unter $1 ist niemand bekannt.'],
  [/^"(.*)" names nobody(: .+)?$/, '„$1“ bezeichnet niemanden.'],
  [/^email: (.+) has an account already$/, 'Für $1 gibt es schon ein Konto.'],
  [/^email: "(.+)" is no e-mail address$/, '„$1“ ist keine E-Mail-Adresse.'],
  [/^password: at least (\d+) characters are needed$/, 'Das Passwort braucht mindestens $1 Zeichen.'],
  [/^(\w+): a text of up to (\d+) bytes is expected$/, '$1: Bitte einen Text von höchstens $2 Zeichen eingeben.'],
  [/^(\w+) is missing$/, '$1 fehlt.'],
  [/^this is the last administrator$/, 'Das ist der letzte Administrator.'],
  [/^this link was used or is older than a day$/, 'Dieser Link wurde schon benutzt oder ist älter als ein Tag.'],
  [/^there is an account already$/, 'Es gibt schon ein Konto.'],
  [/^"(.+)" has a key of another kind or group already$/, '„$1“ hat schon einen Schlüssel anderer Art.'],
  [/^too many attempts$/, 'Zu viele Versuche.'],
  [/^too many questions are waiting for an answer$/, 'Gerade warten zu viele Fragen auf eine Antwort.'],
  [/^the question took too long$/, 'Die Antwort dauerte zu lange.'],
  [/^the session has ended$/, 'Die Sitzung ist abgelaufen.'],
  [/^this (account|key) may not do that$/, 'Das ist mit diesem Konto nicht erlaubt.'],
  [/^(.+) must be one of (.+), not "(.*)"$/, '$1 muss eines von $2 sein, nicht „$3“.'],
  [/^(.+) must be true or false, not "(.*)"$/, '$1 muss true oder false sein, nicht „$2“.'],
  [/^(.+) must be (.+), not "(.*)"$/, '$1 ist nicht gültig: „$3“.'],
  [/^this is not YAML: (.+)$/, 'Das ist kein gültiges YAML ($1).'],
  [/^a file of a newer version.*$/, 'Die Datei stammt aus einer neueren Version.'],
  [/^format "?(.+?)"? is (not available here|for the map only)$/, 'Das Format $1 gibt es hier nicht.'],
  [/^a funnel has at most (\d+) steps, not (\d+)$/, 'Ein Funnel hat höchstens $1 Schritte, nicht $2.'],
  [/^(.+) ends? before (it|they) begins?.*$/, 'Der Zeitraum endet, bevor er beginnt.'],
  [/^another version was applied.*$/, 'Inzwischen gilt eine andere Fassung.'],
  [/^somebody else writes.*$|.*is being written by.*$/s, 'Gerade schreibt ein anderer Vorgang. Bitte gleich noch einmal versuchen.'],
  [/^no space left.*$/s, 'Auf dem Server ist kein Speicherplatz mehr frei.'],
  // wovor gewarnt wird
  [/^It would decide anew who is who, so persons may change beyond these figures: (.+?)\.?$/s, 'Es würde neu entschieden, wer wer ist; Personen können sich über diese Zahlen hinaus ändern: $1.'],
  [/^The (goal|stage) "(.+?)" matches nothing: (.+)$/s, '$1 „$2“ passt auf nichts: $3'],
  [/^Conversions of "(.+?)" are worth nothing: (.+)$/s, 'Die Conversions von „$1“ sind nichts wert: $2'],
  [/^Conversions of "(.+?)" name no order: no event has the field (\S+), but some have (\S+); import them with --map (\S+), or write\s+order: (\S+?)\.?$/, 'Die Conversions von „$1“ nennen keine Bestellung: Kein Ereignis hat das Feld $2, aber manche haben $3. Beim Import hilft die Zuordnung $4, in der Projektdatei „order: $5“.'],
  [/^no event is called "(.+?)"; did you mean "(.+?)"\?$/, 'Kein Ereignis heißt „$1“. Meinten Sie „$2“?'],
  [/^no event is called "(.+?)"\.?$/, 'Kein Ereignis heißt „$1“.'],
  [/^no event has (\S+?)\.?$/, 'Kein Ereignis hat $1.'],
  [/^There are no visits here: .*$/, 'Hier gibt es keine Besuche: Sie brauchen Ereignisse einer Web- oder App-Quelle, die ein Gerät nennen.'],
  [/^There are no journeys here: .*$/, 'Hier gibt es keine Journeys: Sie beginnen mit dem Kontakt einer Kundin oder eines Kunden.'],
  [/^goal$/, 'Das Ziel'],
  [/^stage$/, 'Die Phase'],
  // was erwartet wird
  [/^a (field|name)(, a value)?( or an operator)?$/, 'ein Feld'],
  [/^a value$/, 'ein Wert'],
  [/^a condition$/, 'eine Bedingung'],
  [/^a condition on events$/, 'eine Bedingung an Ereignisse'],
  [/^a condition on persons$/, 'eine Bedingung an Personen'],
  [/^a comparison.*$|^an operator.*$/, 'ein Vergleich wie ='],
  [/^"and" or "or"$/, '„and“ oder „or“'],
  [/^(.+) or (.+)$/, '$1 oder $2'],
  [/^end$/, 'das Ende'],
  // was hilft
  [/^did you mean "(.+)"\?$/, 'Meinten Sie „$1“?'],
  [/^known are (.+)$/s, 'Es gibt $1.'],
  [/^there are (.+)$/s, 'Es gibt $1.'],
  [/^`etappe person list` shows persons with their ids$/, 'Die Seite Personen zeigt alle mit ihren IDs.'],
  [/^write namespace:value \((.+)\), as in user:anna, or 16 hex digits$/, 'Schreiben Sie Art:Wert ($1), zum Beispiel user:anna, oder 16 Hexziffern.'],
  [/^make another one first$/, 'Legen Sie zuerst einen anderen an.'],
  [/^wait .*$/, 'Bitte warten Sie etwas.'],
  [/^(ask|try|send it) again in a moment$/, 'Versuchen Sie es gleich noch einmal.'],
  [/^narrow it by .*$/, 'Ein kürzerer Zeitraum oder ein Filter hilft.'],
  [/^say how often, as in `(.+)`$/, 'Sagen Sie, wie oft, etwa $1.'],
  [/^sign in again$/, 'Melden Sie sich neu an.'],
  [/^an administrator can change its role$/, 'Ein Administrator kann die Rolle ändern.'],
  [/^start the server again.*$/s, 'Ein neuer Link erscheint beim nächsten Start des Servers, solange es kein Konto gibt.'],
]

const found = (text: string): string | undefined => {
  for (const [pattern, german] of failures) {
    const parts = pattern.exec(text)
    if (parts) return german.replace(/\$(\d)/g, (_, n: string) => inner(parts[Number(n)] ?? ''))
  }
  return undefined
}

/** What a pattern left open may be a sentence of its own; what is quoted stays as it was typed. */
const inner = (text: string): string => (/^["`„]/.test(text) ? text : (found(text) ?? text))

export const germanFailure = (text: string): string => found(text.trim()) ?? text
