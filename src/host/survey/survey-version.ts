/** Version of the shape of `Survey`; raised at every change, so that an older cache is not read. */
export const SURVEY_VERSION = 12;
