//! Asking the system to wake the threads of the sound in time.

/// Real-time scheduling for the calling thread, where the system allows it; otherwise all goes on as it is.
///
/// These threads do little and wait often: what they need is not time but punctuality. On a busy machine an ordinary
/// thread wakes tens of milliseconds late, and each of those is a hole in the sound.
pub fn raise() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        if let Ok(priority) = ThreadPriority::try_from(PRIORITY) {
            let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
            let _ = set_thread_priority_and_policy(thread_native_id(), priority, policy);
        }
    }
}

/// Low among the real-time priorities: above every ordinary program, below the system's own threads.
#[cfg(target_os = "linux")]
const PRIORITY: u8 = 10;
