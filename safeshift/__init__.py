"""safeshift: staged traffic shifts for data-centre networks that check both networks and undo themselves.

Words, one per idea:

=============  ======================================================================================
fabric         everything a change can affect: routers, links, nodes, demands, on two or more networks
network        an independent set of paths with a role: primary, secondary, management
router, node   a device that forwards; an end host between which connectivity is judged
demand         traffic that some nodes send to others
playbook       plays > stages > steps, as people write them; a step runs one action on one host
batch, move    the hosts of one ``serial`` slice; one step on all of them, applied and gated together
action         a kind of change or wait: forward, inverse and expected effect
plan           a playbook compiled for an inventory and a fabric: exact commands, inverses, checks, a hash
baseline       what the probes measured before the first step
probe          a measurement; it gives observations; they give a verdict: PASS, FAIL or UNKNOWN
lost           a peer is lost on a network when fewer than half of the last 20 round trips came back
isolated       a node is isolated when all its peers are lost on every network
exposure       a single failure that would break an invariant while the plan holds elements out of service
gate           verdicts -> CONTINUE, HOLD or ROLL_BACK
guard          the timer on the device that undoes a step unless it is confirmed
safe point     a state worth returning to: the start, and the end of each batch that passed
unwind         undo, in reverse order, all that was or may have been applied since the safe point
journal        the append-only record, written before each act
lab            the emulated fabric: real SSH servers on a network that behaves like a network
=============  ======================================================================================

Read ``api/running.py`` next.
"""
