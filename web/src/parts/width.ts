// SPDX-License-Identifier: Apache-2.0
// How wide a box is now, for pictures that are drawn to fit; the box may come later than the page.
import { useEffect, useState } from 'preact/hooks'

export function useWidth(): [(box: HTMLElement | null) => void, number] {
  const [box, setBox] = useState<HTMLElement | null>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!box) return
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)))
    watch.observe(box)
    return () => watch.disconnect()
  }, [box])
  return [setBox, width]
}
