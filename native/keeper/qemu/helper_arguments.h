/* The command line of a helper, from a file: each argument ends with NUL. */
#pragma once

/* NULL, errno set; EINVAL when the file does not begin with an absolute path. */
char **helper_arguments_read(const char *path);
void helper_arguments_free(char **arguments);
