/**
 * Tests that fail now and then, and whose hunt was ended. At most five; each has what was seen, what was ruled out, and a
 * date. They run as all others do: a run that repeats them marks them as known.
 */
export const knownFlaky = [];
