/** What a name may be that goes into labels, log lines, file names and URLs as it is: a tenant's, a replica's. */
export const IDENTIFIER = /^[\w.-]{1,64}$/;

/** The same for people. */
export const IDENTIFIER_IN_WORDS = '1 to 64 letters, digits, dots, dashes or underscores';
