"""What operators do to stored messages: resend, resubmit, abort, discard, suspend."""
