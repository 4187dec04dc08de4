//! Any bytes are an error or an audio message that writes back the same, and its payload has a duration or none.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use relay_wire::{DownHeader, UpHeader, toc};

fuzz_target!(|message: &[u8]| {
    let message = Bytes::copy_from_slice(message);
    if let Ok((header, payload)) = UpHeader::parse(&message) {
        assert_eq!(header.write(&payload), message);
        if toc::is_well_formed(&payload) {
            assert!(toc::packet_samples(&payload).is_some_and(|samples| (120..=5760).contains(&samples)));
        }
    }
    if let Ok((header, payload)) = DownHeader::parse(&message) {
        assert_eq!(header.write(&payload), message);
    }
});
