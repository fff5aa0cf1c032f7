/** The name of a token is a part of what the audit log calls whoever shows it, with what tells it from others. */

export const TOKEN_NAME_CHARACTERS_MAX = 43
