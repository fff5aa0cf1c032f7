/** What was chosen of a list, and the dialogue of it. */

import { useDisclosure } from '@mantine/hooks'
import { useCallback, useState } from 'react'

/** What is gone from the list stays chosen, so that what came of it is shown to its end. */
export function useChosen<Item>() {
  const [chosen, setChosen] = useState<Item | null>(null)
  const [isOpen, { open, close }] = useDisclosure()
  const choose = useCallback(
    (item: Item): void => {
      setChosen(() => item)
      open()
    },
    [open]
  )
  return { chosen, choose, isOpen, close }
}
