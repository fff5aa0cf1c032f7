/** How things are at a glance, as figures. */

import type { ReactNode } from 'react'
import { useActivity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { Figure, FigureGrid } from '../../components/panel.tsx'
import { counted, formatBytes, formatRate } from '../../components/words.ts'
import { DatasetsIcon, DownIcon, NetworkIcon, UpIcon } from '../../shell/icons.tsx'

export function Figures({ status }: { readonly status: Answer<'status'> }): ReactNode {
  const { receiveBytesPerSecond, sendBytesPerSecond, peersConnected, peersKnown } = useActivity() ?? status
  return (
    <FigureGrid>
      <Figure
        label="Peers linked"
        icon={<NetworkIcon size={18} />}
        value={`${peersConnected.toLocaleString('en')} of ${peersKnown.toLocaleString('en')}`}
        note={
          peersKnown > peersConnected
            ? `${(peersKnown - peersConnected).toLocaleString('en')} not linked with this node now`
            : 'other devices of the org'
        }
      />
      <Figure
        label="Receiving"
        icon={<DownIcon size={18} />}
        value={formatRate(receiveBytesPerSecond)}
        note={`${formatBytes(status.receivedBytes)} since the node began`}
      />
      <Figure
        label="Sending"
        icon={<UpIcon size={18} />}
        value={formatRate(sendBytesPerSecond)}
        note={`${formatBytes(status.sentBytes)} since the node began`}
      />
      <Figure
        label="Datasets"
        icon={<DatasetsIcon size={18} />}
        value={status.datasets.toLocaleString('en')}
        note={`${counted(status.transfersActive, 'transfer')} running here`}
      />
    </FigureGrid>
  )
}
