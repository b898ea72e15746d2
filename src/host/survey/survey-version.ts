/** Of the shape of `Survey`; raised whenever that changes, so that an older cache is not read. */
export const SURVEY_VERSION = 6;
