/** What the exit codes of the program mean, after sysexits.h. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [0, 'Done, entirely.'],
  [64, 'The command line is wrong.'],
  [65, 'Data is wrong: it does not verify, or is malformed.'],
  [66, 'What was named does not exist.'],
  [69, 'Something needed is not available: the node is not running, no peer answers.'],
  [70, 'A bug of ours.'],
  [73, 'Something can not be created, as something else is there.'],
  [74, 'Reading or writing failed.'],
  [75, 'Not now; trying again may work.'],
  [77, 'Not allowed.'],
  [78, 'The home folder is not set up, or is already.'],
  [79, 'Malware was found.'],
  [130, 'Interrupted.']
]
